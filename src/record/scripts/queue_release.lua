-- Returns the groups of a worker that leaves to their queues; it has not lost
-- them.
-- ARGV first: worker, fields of worker:left, then groups and their tokens
if not redis.call('HGET', control, 'head') then return {'NORUN'} end
for i = first + 2, #ARGV, 2 do
  local group = ARGV[i]
  if redis.call('HGET', control, 't:' .. group) == ARGV[i + 1] and redis.call('ZSCORE', leases, group) then requeue(group) end
end
if redis.call('HEXISTS', workers, ARGV[first]) == 1 then
  redis.call('HDEL', workers, ARGV[first])
  publish('worker:left', ARGV[first + 1], string.format('%.0f', now()))
end
return {'OK'}
