-- Queues a page of groups; repeating it changes nothing. In a run that was
-- reopened only what has not passed is queued. Replies with OK, the number of
-- groups that it queued, and 1 if all groups are queued; with BUSY if another worker
-- queues them; or with REFUSED, what differs and its value in the run.
-- ARGV first: digest of the plan, 1 on the last page, worker, how long it may queue
-- groups alone in ms, number of engines, the
-- build of each engine, then for each group its name, lane, score, limit in ms,
-- description, and the keys of its snapshots in lines
local h = redis.call('HMGET', control, 'head', 'round', 'populated')
if not h[1] then return {'NORUN'} end
local digest, round = redis.call('HGET', plan, 'digest'), h[2] or '0'
if digest and digest ~= ARGV[first] then return {'REFUSED', 'digest', digest} end
local engines = tonumber(ARGV[first + 4])
for i = 1, engines do
  local engine, build = string.match(ARGV[first + 4 + i], '^(.-)|(.*)$')
  local known = redis.call('HGET', control, 'e:' .. engine)
  if known and known ~= build then return {'REFUSED', engine, known} end
  if not known then redis.call('HSET', control, 'e:' .. engine, build) end
end
redis.call('HSET', plan, 'digest', ARGV[first])
if h[3] == round then return {'OK', '0', '1'} end
local planner, till = string.match(redis.call('HGET', control, 'planner') or '', '^(.*)|(%d+)$')
if planner and planner ~= ARGV[first + 2] and tonumber(till) > now() then return {'BUSY'} end
redis.call('HSET', control, 'planner', ARGV[first + 2] .. '|' .. deadline(ARGV[first + 3]))
local queued = 0
for i = first + 5 + engines, #ARGV, 6 do
  local group, lane, score = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local known = redis.call('HGET', control, 'r:' .. group)
  if queue_of[lane] and not (known and string.match(known, '^%d+') == round) then
    local open = round .. '\n'
    for key in string.gmatch(ARGV[i + 5], '[^\n]+') do
      local status = string.match(redis.call('HGET', control, 's:' .. key) or '', '^-?%d+|(%a+)')
      if status ~= 'passed' and status ~= 'changed' then open = open .. key .. '\n' end
    end
    redis.call('HSET', plan, group, ARGV[i + 4])
    if open ~= round .. '\n' then
      queued = queued + 1
      redis.call('ZADD', queue_of[lane], score, group)
    end
    redis.call('HSET', control, 'q:' .. group, lane .. '|' .. score .. '|' .. ARGV[i + 3], 'r:' .. group, open)
    redis.call('HDEL', control, 'x:' .. group)
  end
end
if ARGV[first + 1] == '1' then redis.call('HSET', control, 'populated', round) end
return {'OK', tostring(queued), ARGV[first + 1]}
