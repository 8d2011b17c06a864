-- Extends the lease of a holder. If the server has lost the lock and it has not
-- been granted since, the holder gets it back.
-- ARGV 4 token
local holders, fence = state()
local mine, token = find(holders, owner), tonumber(ARGV[4])
if mine and tonumber(mine.token) ~= token or not mine and fence >= token then return {'LOST'} end
if not mine then
  mine = {token = ARGV[4], slots = slots, owner = owner}
  holders[#holders + 1] = mine
end
mine.deadline = now + lease
store(holders, math.max(fence, token))
keep()
return {'OK'}
