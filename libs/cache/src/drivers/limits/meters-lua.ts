import { type MeterLua, px, tick } from './meter-lua.js';

const [BUCKET_LAYOUT, WINDOW_LAYOUT] = ['RL1B', 'RL1W'];

/** Where the offset of their clock stands in both. */
const OFFSET = `'12'`;

const writeBucket = `call('SET', key, '${BUCKET_LAYOUT}' .. pack('<ddd', now, offset, used), 'PX', ${px('used * window / limit')})`;

export const BUCKET: MeterLua = {
  look: `
if layout == '${BUCKET_LAYOUT}' then
  last, offset, used = parse('<ddd', state, 5)
  ${tick(OFFSET)}
  used = math.max(0, used - (now - last) * limit / window)
end`,
  add: `
used = used + units
${writeBucket}`,
  wait: `wait = math.max(0, (used - room) * window / limit)`,
  full: `full = used * window / limit`,
  // What has run out since cannot be taken back: the bucket might have been empty by then.
  remove: `
used = math.max(0, used - math.max(0, units - (now - since) * limit / window))
${writeBucket}`,
};

const writeWindow = `call('SET', key, '${WINDOW_LAYOUT}' .. pack('<dddd', now, offset, from, used), 'PX', ${px('to - now')})`;

/** Of the calendar (`c`), whose window comes with the item, and those that begin with their first unit (`f`). */
export const COUNTED: MeterLua = {
  look: `
local start
if layout == '${WINDOW_LAYOUT}' then last, offset, start, used = parse('<dddd', state, 5) end
if kind == 'c' then
  now = math.max(wall, last)
  other = now < from or now >= to
else
  if start then ${tick(OFFSET)} end
  from = start or 0
  to = from + window
  if now >= to then from, to = now, now + window end
end
if start ~= from then used = 0 end`,
  add: `
if used == 0 and kind == 'f' then from, to = now, now + window end
used = used + units
${writeWindow}`,
  wait: `wait = to - now`,
  full: `full = used == 0 and 0 or to - now`,
  remove: `
if used > 0 and since >= from and now < to then
  used = math.max(0, used - units)
  ${writeWindow}
end`,
};

/** Members of a sorted set with the end of their time. What is charged is the token of who takes a slot. */
export const SLOTS: MeterLua = {
  look: `
local gone = redis.pcall('ZREMRANGEBYSCORE', key, '-inf', wall)
if type(gone) == 'table' then call('DEL', key)
else
  used = call('ZCARD', key)
  if used > 0 then
    -- The clock was set back: a slot lasts no longer than it was meant to.
    for _, late in ipairs(call('ZRANGEBYSCORE', key, wall + window + 1, '+inf')) do call('ZADD', key, wall + window, late) end
  end
end`,
  add: `
call('ZADD', key, wall + window, token)
call('PEXPIRE', key, ${px('window')})
used = used + 1`,
  wait: `wait = -1`,
  full: `
local first = call('ZRANGE', key, '0', '0', 'WITHSCORES')
full = first[2] and first[2] - wall or 0`,
  remove: ``,
};
