-- Sends a command to a worker of a shared run.
-- KEYS 5 workers  6 commands of the worker
-- ARGV 4 worker  5 command  6 lifetime of the commands in ms
if redis.call('HEXISTS', KEYS[5], ARGV[4]) == 0 then return {'NOWORKER'} end
redis.call('XADD', KEYS[6], 'MAXLEN', '~', 100, '*', 'command', ARGV[5])
redis.call('PEXPIRE', KEYS[6], ARGV[6])
return {'OK'}
