-- Releases the lock, or leaves the queue.
local holders, fence = state()
local mine, index = find(holders, owner)
forget({owner})
if mine then
  table.remove(holders, index)
  store(holders, fence)
end
return {'OK'}
