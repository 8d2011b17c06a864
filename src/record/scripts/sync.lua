#!lua
-- Notes who has arrived at a point, if anybody, and returns all who have.
-- KEYS 1 set
-- ARGV 1 who, or an empty text  2 how long the set is kept, ms
if ARGV[1] ~= '' then
  redis.call('SADD', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('SMEMBERS', KEYS[1])
