-- Returns groups with expired leases to their queues. A group that was lost too
-- often is leased to the caller, which fails it. Returns these groups, each with
-- its token, its lane and the workers that have lost it.
-- ARGV first: worker, duration of the lease in ms, how often a group may be lost,
-- fields of worker:lost before the worker
if not redis.call('HGET', control, 'head') then return {'NORUN'} end
local reply, limit = {'OK'}, tonumber(ARGV[first + 2])
for _, group in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now()), 'LIMIT', 0, 20)) do
  local h = redis.call('HMGET', control, 'l:' .. group, 'x:' .. group, 'fence', 'q:' .. group)
  local lost = h[1] or ''
  local names = (h[2] and h[2] .. ',' or '') .. lost
  local _, commas = string.gsub(names, ',', '')
  local changes = {'x:' .. group, names}
  if is_done(group) then
    redis.call('ZREM', leases, group)
  elseif commas + 1 >= limit then
    local token = mint(h[3])
    redis.call('ZADD', leases, deadline(ARGV[first + 1]), group)
    for _, change in ipairs({'fence', token, 't:' .. group, token, 'l:' .. group, ARGV[first]}) do changes[#changes + 1] = change end
    local lane = string.match(h[4] or '', '^(.-)|') or ''
    for _, word in ipairs({group, token, lane, names}) do reply[#reply + 1] = word end
  else
    requeue(group)
  end
  -- One worker can lose several groups.
  local known = redis.call('HGET', workers, lost)
  if known and string.find(known, '"state":"lost"', 1, true) then
    redis.call('HSET', control, unpack(changes))
  else
    publish('worker:lost', ARGV[first + 3] .. ',"worker":"' .. lost .. '"', string.format('%.0f', now()), changes)
    if known then redis.call('HSET', workers, lost, (string.gsub(known, '"state":"%a+"', '"state":"lost"'))) end
  end
end
return reply
