-- Reads a room.
return answer('OK', snapshot(3), false, roster(3), fetch(KEYS[10]))
