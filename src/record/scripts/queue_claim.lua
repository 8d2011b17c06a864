-- Leases groups: of the first lane with waiting ones, in the order of their
-- scores. The same request gets the same leases, as its reply may have been lost.
-- Replies with OK, the number of groups that still wait, the number of workers,
-- then for each group its name, token, lane and snapshots without an outcome in
-- lines; or with EMPTY, the number of groups that workers have, and whether
-- groups are still being queued.
-- ARGV first: worker, request, duration of the lease in ms, how many groups, 1 to
-- take over a group that takes far longer than expected
local worker, request, count = ARGV[first], ARGV[first + 1], tonumber(ARGV[first + 3])
local h = redis.call('HMGET', control, 'head', 'fence', 'k:' .. worker, 'round', 'populated')
if not h[1] then return {'NORUN'} end

local function reply_with(claimed)
  local waiting = 0
  for i = 1, lanes do waiting = waiting + redis.call('ZCARD', KEYS[7 + i]) end
  local reply = {'OK', tostring(waiting), tostring(redis.call('HLEN', workers))}
  for group, token in string.gmatch(claimed, '([^|\n]*)|(%d+)\n') do
    local g = redis.call('HMGET', control, 'q:' .. group, 'r:' .. group)
    local open = string.gsub(g[2] or '', '^%d+\n', '')
    for _, word in ipairs({group, token, string.match(g[1] or '', '^(.-)|') or '', open}) do reply[#reply + 1] = word end
  end
  return reply
end
local known, claimed = string.match(h[3] or '', '^([^\n]*)\n(.*)$')
if known == request then return reply_with(claimed) end

-- The first group whose worker has it for longer than its limit.
local function overdue()
  local t = now()
  for _, group in ipairs(redis.call('ZRANGE', leases, 0, 49)) do
    local g = redis.call('HMGET', control, 'q:' .. group, 'b:' .. group, 'l:' .. group)
    local limit = tonumber(string.match(g[1] or '', '|(%d+)$') or '0')
    if limit > 0 and g[3] ~= worker and not is_done(group) and t - tonumber(g[2] or t) > limit then return group end
  end
end

local groups, queue = {}, nil
for i = 1, lanes do
  queue = KEYS[7 + i]
  local first_ones = redis.call('ZRANGE', queue, 0, count - 1)
  while first_ones[1] and not groups[1] do
    for _, group in ipairs(first_ones) do
      if is_done(group) then redis.call('ZREM', queue, group) else groups[#groups + 1] = group end
    end
    first_ones = redis.call('ZRANGE', queue, 0, count - 1)
  end
  if groups[1] then break end
end
if not groups[1] and ARGV[first + 4] == '1' then groups = {overdue()} end
if not groups[1] then
  return {'EMPTY', tostring(redis.call('ZCARD', leases)), h[5] == (h[4] or '0') and '0' or '1'}
end
local token, changes, ends, list = h[2], {}, deadline(ARGV[first + 2]), ''
for _, group in ipairs(groups) do
  token = mint(token)
  redis.call('ZADD', leases, ends, group)
  list = list .. group .. '|' .. token .. '\n'
  for _, change in ipairs({'t:' .. group, token, 'l:' .. group, worker, 'b:' .. group, string.format('%.0f', now())}) do
    changes[#changes + 1] = change
  end
end
for _, change in ipairs({'fence', token, 'k:' .. worker, request .. '\n' .. list}) do changes[#changes + 1] = change end
redis.call('HSET', control, unpack(changes))
if queue then redis.call('ZREM', queue, unpack(groups)) end
return reply_with(list)
