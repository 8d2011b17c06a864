-- Renews the leases of a worker and notes that it is alive. Returns the groups
-- that it no longer has.
-- ARGV first: worker, duration of the lease in ms, its document without braces,
-- fields of worker:joined, then groups and their tokens
if not redis.call('HGET', control, 'head') then return {'NORUN'} end
local reply, till = {'OK'}, deadline(ARGV[first + 1])
for i = first + 4, #ARGV, 2 do
  local group = ARGV[i]
  if redis.call('HGET', control, 't:' .. group) == ARGV[i + 1] and redis.call('ZSCORE', leases, group) then
    redis.call('ZADD', leases, till, group)
  else
    reply[#reply + 1] = group
  end
end
if redis.call('HEXISTS', workers, ARGV[first]) == 0 then
  publish('worker:joined', ARGV[first + 3], string.format('%.0f', now()))
end
local seen = string.format(',"lastSeen":%.0f}', now())
redis.call('HSET', workers, ARGV[first], '{' .. ARGV[first + 2] .. seen)
return reply
