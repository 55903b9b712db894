-- Reads a room.
return answer('OK', snapshot(FIRST), false, roster(FIRST),
    fetch(KEYS[FIRST + 7]))
