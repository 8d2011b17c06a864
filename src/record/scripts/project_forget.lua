#!lua
-- Removes a snapshot without recent outcomes from the keys of the project.
-- KEYS 1 history  2 flaky  3 quarantine  4 failures
-- ARGV 1 snapshot  2 the oldest time of a recent outcome in ms
local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if newest and tonumber(newest) >= tonumber(ARGV[2]) then return 0 end
local kind = redis.call('HGET', KEYS[4], ARGV[1])
if kind then redis.call('SREM', KEYS[4] .. ':' .. kind, ARGV[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1
