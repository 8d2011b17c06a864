-- Leases the first group of the lanes. The same request gets the same lease, as
-- its reply may have been lost.
-- ARGV first: worker, request, duration of the lease in ms
local worker, request = ARGV[first], ARGV[first + 1]
local h = redis.call('HMGET', control, 'head', 'fence', 'k:' .. worker, 'round', 'populated')
if not h[1] then return {'NORUN'} end
local known, leased, token = string.match(h[3] or '', '^([^|]*)|(.*)|(%d+)$')
local function lane_of(name) return string.match(redis.call('HGET', control, 'q:' .. name) or '', '^(.-)|') or '' end
if known == request then return {'OK', leased, token, lane_of(leased)} end

local group, queue, best
for _, key in ipairs({unpack(KEYS, 8)}) do
  local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if head[1] and (not best or tonumber(head[2]) < best) then group, queue, best = head[1], key, tonumber(head[2]) end
end
if not group then
  local open = redis.call('ZCARD', leases)
  -- Another worker is still queueing groups.
  if h[5] ~= (h[4] or '0') then open = open + 1 end
  return {'EMPTY', tostring(open)}
end
token = mint(h[2])
redis.call('ZADD', leases, deadline(ARGV[first + 2]), group)
redis.call('HSET', control, 'fence', token, 't:' .. group, token, 'l:' .. group, worker, 'k:' .. worker,
  request .. '|' .. group .. '|' .. token)
redis.call('ZREM', queue, group)
return {'OK', group, token, lane_of(group)}
