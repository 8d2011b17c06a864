-- Grants the lock, or queues the request. The same owner gets the same token, as
-- a reply may have been lost. Where holders and earlier waiters name different
-- numbers of slots, the smallest counts.
local holders, fence = state()
local mine = find(holders, owner)
if mine then
  mine.deadline = now + lease
  store(holders, fence)
  forget({owner})
  return {'HELD', mine.token}
end
forget(redis.call('ZRANGEBYSCORE', waiters, '-inf', '(' .. string.format('%.0f', now), 'LIMIT', 0, 100))

local live, limit = {}, slots
for _, h in ipairs(holders) do
  if h.deadline >= now then
    live[#live + 1], limit = h, math.min(limit, h.slots)
  end
end
redis.call('ZADD', waiters, string.format('%.0f', now + lease), owner)
local before = redis.call('ZRANK', queue, owner)
if not before then
  local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')[2]
  redis.call('HSET', lock, 'w:' .. owner, string.format('%.0f', slots))
  redis.call('ZADD', queue, string.format('%.0f', tonumber(last or '0') + 1), owner)
  before = redis.call('ZRANK', queue, owner)
end
if #live + before < limit then
  for _, name in ipairs(redis.call('ZRANGE', queue, 0, before)) do
    limit = math.min(limit, tonumber(redis.call('HGET', lock, 'w:' .. name) or '') or limit)
  end
end
if #live + before < limit then
  fence = mint(fence)
  local token = string.format('%.0f', fence)
  live[#live + 1] = {token = token, deadline = now + lease, slots = slots, owner = owner}
  store(live, fence)
  forget({owner})
  keep()
  return {'HELD', token}
end
keep()
return {'WAIT', tostring(#live + before)}
