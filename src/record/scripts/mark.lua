-- Replaces the document of a snapshot, if it is still the expected one, and publishes an event.
-- KEYS 4 document of the snapshot
-- ARGV 4 expected document  5 new document  6 event type  7 event fields
local h = redis.call('HMGET', control, 'head', 'n')
if not h[1] then return {'NORUN'} end
local current = redis.call('GET', KEYS[4])
if current == ARGV[5] then return {'DUP', ''} end
if current ~= ARGV[4] then return {'CONFLICT', ''} end
local id = publish(ARGV[6], ARGV[7])
redis.call('SET', KEYS[4], ARGV[5])
return {'OK', id}
