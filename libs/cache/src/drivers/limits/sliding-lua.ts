import { EXACT_UNITS, LONGEST_LOG, SEGMENTS } from '../../core/limits/limit-store.js';
import { type MeterLua, px, tick } from './meter-lua.js';

/*
 * The sliding window: a log of units, or segments. Which of the two stands in the key, and stays while units are in use, whatever the limit has become.
 *
 * Log. A request of cost c fits when fewer than `limit - c + 1` units are younger than the window. The time of each unit in use is
 * known, so that is exact, and so is when it will fit: when the unit that stands in the way is one window old. The trailer stands behind
 * the newest unit, so that one write overwrites it with the next unit and a new trailer. It knows the oldest time, so most decisions read nothing
 * else; to find the first unit in use is a galloping search from there. When more units are over than in use, the log is written anew.
 * What settles takes back the newest units if they are its own, else the oldest: what remains is then younger than the truth, and no
 * window holds more than its limit (G13).
 *
 * Segments. 61 counters of a 60th of the window each: the segment that the window only touches counts in full. The trailer holds the
 * present one, so the others are read and written when a new one begins.
 *
 * Rejected: a sorted set (118 bytes a unit instead of 8), two counters that are weighed (up to twice the limit around an edge), GCRA (the
 * same, by design: its burst).
 */
const [LOG, SEGMENTED] = ['RL2L', 'RL2S'];
const LOG_FORMAT = '<ddddI4I4xxxx';
const SEGMENTS_FORMAT = '<dddddxxxx';
const SLOTS = SEGMENTS + 1;
const ALL_SLOTS = `'<${'d'.repeat(SLOTS)}'`;
const SLOT_BYTES = SLOTS * 8;
/** Units that are over may stay in a log as long as there are not many more of them than of the others. */
const SPARE = 64;

const logTrailer = `'${LOG}' .. pack('${LOG_FORMAT}', last, offset, oldest, ends, first, used)`;
const segmentsTrailer = `'${SEGMENTED}' .. pack('${SEGMENTS_FORMAT}', last, offset, segment, current, used)`;
/** The time of a unit in use, counted from the oldest one. */
const timeOf = (k: string): string => `parse('<d', call('GETRANGE', key, (first + ${k}) * 8, (first + ${k}) * 8 + 7))`;
/** A busy log would be told its time to live with every unit; with a quarter more it is told four times a window. */
const LOG_LIFE = '1.25 * window';
/** From any moment of a segment until its units are over, and the next one. */
const SEGMENTS_LIFE = `width * ${SLOTS + 1}`;
const readSlots = `call('GETRANGE', key, '0', '${SLOT_BYTES - 1}')`;
const slot = (s: string): string => `(parse('<d', bytes, ${s} % ${SLOTS} * 8 + 1))`;

/** The last probe that finds a unit in use finds the first of them. */
const SEARCH = `
local gone, step = 1, 1
while gone + step <= used do
  local time = ${timeOf('gone + step - 1')}
  if time > over then oldest = time break end
  gone, step = gone + step, step * 2
end
while step > 1 do
  step = step / 2
  if gone + step <= used then
    local time = ${timeOf('gone + step - 1')}
    if time > over then oldest = time else gone = gone + step end
  end
end
first, used = first + gone, used - gone`;

const LOOK = `
if layout == '${LOG}' then
  last, offset, oldest, ends, first, used = parse('${LOG_FORMAT}', state, 5)
  ${tick('(first + used) * 8 + 12')}
  local over = now - window
  if used == 0 or last <= over then used = 0
  elseif oldest <= over then ${SEARCH} end
elseif layout == '${SEGMENTED}' then
  last, offset, segment, current, used = parse('${SEGMENTS_FORMAT}', state, 5)
  ${tick(`'${SLOT_BYTES + 12}'`)}
  width = ceil(window / ${SEGMENTS})
  present, passed = math.max(segment, floor(now / width)), 0
  if present - segment > ${SEGMENTS} then used = 0
  elseif present > segment then
    bytes = ${readSlots}
    for s = segment + 1, present do passed = passed + ${slot('s')} end
    used = used - passed
  end
end`;

const ADD_TO_LOG = `
local free, time = (first + used) * 8, pack('<d', now)
last, used = now, used + units
if ends < wall + window then
  ends = wall + ${LOG_LIFE}
  call('PEXPIRE', key, ${px(LOG_LIFE)})
end
call('SETRANGE', key, free, (units == 1 and time or string.rep(time, units)) .. ${logTrailer})`;

const ADD_TO_SEGMENTS = `
last, used = now, used + units
if present == segment then
  current = current + units
  call('SETRANGE', key, '${SLOT_BYTES}', ${segmentsTrailer})
else
  local slots = { parse(${ALL_SLOTS}, bytes) }
  slots[segment % ${SLOTS} + 1] = current
  for s = segment + 1, present do slots[s % ${SLOTS} + 1] = 0 end
  segment, current = present, units
  call('SET', key, pack(${ALL_SLOTS}, unpack(slots, 1, ${SLOTS})) .. ${segmentsTrailer}, 'PX', ${px(SEGMENTS_LIFE)})
end`;

/** What is empty takes the layout that fits its limit. A log drops what is over; one that is too long is counted by segment from then on. */
const WRITE_ANEW = `
local live = ''
if used > 0 then live = call('GETRANGE', key, first * 8, (first + used) * 8 - 1)
else oldest = now end
last, used = now, used + units
if used > ${LONGEST_LOG} or (live == '' and limit > ${EXACT_UNITS}) then
  local slots = {}
  for s = 1, ${SLOTS} do slots[s] = 0 end
  width = ceil(window / ${SEGMENTS})
  for i = 1, #live, 8 do
    local s = floor(parse('<d', live, i) / width) % ${SLOTS} + 1
    slots[s] = slots[s] + 1
  end
  segment = floor(now / width)
  present, current = segment, slots[segment % ${SLOTS} + 1] + units
  call('SET', key, pack(${ALL_SLOTS}, unpack(slots)) .. ${segmentsTrailer}, 'PX', ${px(SEGMENTS_LIFE)})
else
  segment, first, ends = nil, 0, wall + ${LOG_LIFE}
  call('SET', key, live .. string.rep(pack('<d', now), units) .. ${logTrailer}, 'PX', ${px(LOG_LIFE)})
end`;

const UNTIL_SEGMENTS = `
bytes = bytes or ${readSlots}
local left = used
for s = present - ${SEGMENTS}, present do
  if s == segment then left = left - current elseif s < segment then left = left - ${slot('s')} end
  if left <= room then wait = (s + ${SLOTS}) * width - now break end
end`;

const REMOVE_FROM_SEGMENTS = `
local s, counted = floor(since / width), 0
if s == segment then
  counted = current
  current = current - math.min(units, counted)
elseif s >= present - ${SEGMENTS} and s < segment then
  bytes = bytes or ${readSlots}
  counted = ${slot('s')}
  call('SETRANGE', key, s % ${SLOTS} * 8, pack('<d', counted - math.min(units, counted)))
end
used = used + passed - math.min(units, counted)
call('SETRANGE', key, '${SLOT_BYTES}', ${segmentsTrailer})`;

const REMOVE_FROM_LOG = `
units = math.min(units, used)
used = used - units
if used == 0 then call('DEL', key)
elseif since == last then
  local live = call('GETRANGE', key, first * 8, (first + used) * 8 - 1)
  first, last, ends = 0, parse('<d', live, #live - 7), wall + ${LOG_LIFE}
  call('SET', key, live .. ${logTrailer}, 'PX', ${px(LOG_LIFE)})
else
  first = first + units
  oldest = ${timeOf('0')}
  call('SETRANGE', key, (first + used) * 8, ${logTrailer})
end`;

export const SLIDING: MeterLua = {
  look: LOOK,
  add: `
if used > 0 and segment then ${ADD_TO_SEGMENTS}
elseif used > 0 and first <= used + ${SPARE} and first + used + units <= ${LONGEST_LOG} then ${ADD_TO_LOG}
else ${WRITE_ANEW} end`,
  wait: `
if segment then ${UNTIL_SEGMENTS}
else wait = (used - room == 1 and oldest or ${timeOf('used - room - 1')}) + window - now end`,
  full: `
if used == 0 then full = 0
elseif segment then full = (floor(last / width) + ${SLOTS}) * width - now
else full = last + window - now end`,
  remove: `
if used == 0 then
elseif segment then ${REMOVE_FROM_SEGMENTS}
elseif since > now - window then ${REMOVE_FROM_LOG} end`,
};
