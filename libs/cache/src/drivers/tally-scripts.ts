import { Script } from './redis-scripts.js';

// A command that was given up may be carried out when a frozen server goes on; no pause that a client survives is as long.
const REMEMBER_SECONDS = 3_600;

/**
 * add: adds amounts to a sheet, once for each number of a writer. KEYS[1] sheet; ARGV: writer, number, lifetime ms, most names,
 * then name and amount in turn. Reply: the names for which there was no room. The field `~<writer>` holds the writer's last number
 * and when that was; a new writer clears away those who were silent for an hour. Atomic because an amount without its number would
 * be added again. Sums that would leave 64 bits stay as they are; what is no number is replaced.
 */
export const ADD = new Script(`
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'hash' then redis.call('DEL', KEYS[1]) end
local writer, most = '~' .. ARGV[1], tonumber(ARGV[4])
local last = redis.call('HGET', KEYS[1], writer)
if last and tonumber(string.match(last, '^%d+') or 0) >= tonumber(ARGV[2]) then return {} end
local now = tonumber(redis.call('TIME')[1])
if not last then
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local since = string.sub(fields[i], 1, 1) == '~' and now - tonumber(string.match(fields[i + 1], ' (%d+)$') or 0)
    if since and since > ${REMEMBER_SECONDS} then redis.call('HDEL', KEYS[1], fields[i]) end
  end
end
local left = {}
for i = 5, #ARGV, 2 do
  local name, by = ARGV[i], ARGV[i + 1]
  if redis.call('HLEN', KEYS[1]) >= most and redis.call('HEXISTS', KEYS[1], name) == 0 then left[#left + 1] = name
  else
    local sum = redis.pcall('HINCRBY', KEYS[1], name, by)
    if type(sum) == 'table' then
      if string.find(sum.err, 'not an integer') then redis.call('HSET', KEYS[1], name, by)
      elseif not string.find(sum.err, 'overflow') then return redis.error_reply(sum.err) end
    end
  end
end
redis.call('HSET', KEYS[1], writer, ARGV[2] .. ' ' .. now)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return left`);

/** read: the fields of a sheet and their values in turn; none when it is something else. KEYS[1] sheet. */
export const READ = new Script(`
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
return redis.call('HGETALL', KEYS[1])`);

/**
 * enrol: puts an account on the list of a day, while there is room. KEYS[1] list; ARGV: account, most accounts, lifetime ms. Atomic
 * because the list must have an end, in both senses.
 */
export const ENROL = new Script(`
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' and kind ~= 'set' then redis.call('DEL', KEYS[1]) end
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 or redis.call('SCARD', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('SADD', KEYS[1], ARGV[1])
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`);

/** list: the accounts of a day; none when it is something else. KEYS[1] list. */
export const LIST = new Script(`
if redis.call('TYPE', KEYS[1]).ok ~= 'set' then return {} end
return redis.call('SMEMBERS', KEYS[1])`);

/** strike: takes an account off the list of a day. KEYS[1] list; ARGV: account. */
export const STRIKE = new Script(`
if redis.call('TYPE', KEYS[1]).ok ~= 'set' then return 0 end
return redis.call('SREM', KEYS[1], ARGV[1])`);
