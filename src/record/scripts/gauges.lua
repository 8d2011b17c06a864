#!lua
-- Notes measurements in the window of a minute.
-- KEYS 1 window
-- ARGV 1 when the window is removed, ms  2 memory  3 memory limit  4 evicted keys  5 journal lag
local h = redis.call('HMGET', KEYS[1], 'gauge/evicted_before', 'gauge/journal_lag')
local lag = math.max(tonumber(h[2] or '0'), tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'gauge/memory', ARGV[2], 'gauge/memory_limit', ARGV[3], 'gauge/evicted', ARGV[4],
  'gauge/evicted_before', h[1] or ARGV[4], 'gauge/journal_lag', string.format('%.0f', lag))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1
