-- A worker's sign of life, which also notices that the server has lost something.
-- ARGV 4 writer  5 host  6 sequence number that the worker knows to be applied
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
if not h[1] then return {'NORUN'} end
if tonumber(h[2] or '0') < tonumber(ARGV[6]) then return {'GAP', h[2] or '0'} end
alive(ARGV[4], ARGV[5])
return {'OK', ''}
