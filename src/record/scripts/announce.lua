-- Tells an event that changes no record.
-- ARGV 4 writer  5 sequence number  6 event type  7 event fields
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
local answer = out_of_turn(h[1], h[2], ARGV[5])
if answer then return answer end
redis.call('HSET', control, 'a:' .. ARGV[4], ARGV[5])
return {'OK', tell(ARGV[6], ARGV[7])}
