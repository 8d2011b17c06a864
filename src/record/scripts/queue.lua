-- Shared functions of the scripts of the queue, prepended after `prelude.lua`.
--
-- KEYS 5 plan  6 leases  7 workers  8 .. queues of the lanes
-- ARGV 4 number of lanes  5 .. their names
--
-- Fields of the control hash:
--   round            how often the run was reopened: each time the plan is queued again
--   populated        the round of which all groups are queued
--   fence            the last token, which rises strictly
--   planner          `{worker}|{until}`: who queues the groups, so that others wait
--   e:{engine}       the build that all workers use
--   q:{group}        `{lane}|{score}|{limit}`: after so many ms another worker may take it over, 0 for never
--   r:{group}        `{round}`, then a line for each snapshot without an outcome
--   t:{group}        the highest token of a lease or an outcome of the group
--   l:{group}        worker of the last lease
--   b:{group}        when it was leased, in ms
--   x:{group}        workers that have lost the group
--   k:{worker}       the request of its last claim, then a line `{group}|{token}` for each lease
local plan, leases, workers = KEYS[5], KEYS[6], KEYS[7]
local lanes, queue_of = tonumber(ARGV[4]), {}
for i = 1, lanes do queue_of[ARGV[4 + i]] = KEYS[7 + i] end
-- The arguments of the script itself begin here.
local first = 5 + lanes

-- A token that is higher than every one before, also if the clock is set back.
local function mint(last)
  local t = redis.call('TIME')
  local token = tonumber(t[1]) * 1000000 + tonumber(t[2])
  return string.format('%.0f', math.max(token, tonumber(last or '0') + 1))
end

local function deadline(lease) return string.format('%.0f', now() + tonumber(lease)) end

-- Whether all snapshots of a group have their outcome.
local function is_done(group)
  return string.find(redis.call('HGET', control, 'r:' .. group) or '', '^%d+\n$') ~= nil
end

-- Returns a group to its queue, unless it is done.
local function requeue(group)
  local lane, score = string.match(redis.call('HGET', control, 'q:' .. group) or '', '^(.-)|(.-)|')
  if queue_of[lane] and not is_done(group) then redis.call('ZADD', queue_of[lane], score, group) end
  redis.call('ZREM', leases, group)
end
