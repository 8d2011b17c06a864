-- Publishes an event that changes no document.
-- ARGV 4 writer  5 sequence number  6 event type  7 event fields  8 at ms
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
local refusal = check_sequence(h[1], h[2], ARGV[5])
if refusal then return refusal end
return {'OK', publish(ARGV[6], ARGV[7], ARGV[8], {'a:' .. ARGV[4], ARGV[5]})}
