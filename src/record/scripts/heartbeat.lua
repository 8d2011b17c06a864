-- Records a worker's heartbeat, and detects lost data.
-- ARGV 4 writer  5 host  6 last sequence number confirmed to the worker
local h = redis.call('HMGET', control, 'head', 'a:' .. ARGV[4])
if not h[1] then return {'NORUN'} end
if tonumber(h[2] or '0') < tonumber(ARGV[6]) then return {'GAP', h[2] or '0'} end
set_alive(ARGV[4], ARGV[5])
return {'OK', ''}
