#!lua
-- Adds an engine to those that have arrived at a point, and returns all of them.
-- KEYS 1 set
-- ARGV 1 the engine, or an empty text to add none  2 how long the set is kept, ms
if ARGV[1] ~= '' then
  redis.call('SADD', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('SMEMBERS', KEYS[1])
