-- Marks a recorded snapshot as accepted, if its record is still the one that was looked at.
-- KEYS 4 the snapshot's record
-- ARGV 4 record as it was read  5 record as it shall be  6 event fields
local h = redis.call('HMGET', control, 'head', 'n')
if not h[1] then return {'NORUN'} end
local is = redis.call('GET', KEYS[4])
if is == ARGV[5] then return {'DUP', ''} end
if is ~= ARGV[4] then return {'CONFLICT', ''} end
redis.call('SET', KEYS[4], ARGV[5])
return {'OK', tell('baseline:accepted', ARGV[6])}
