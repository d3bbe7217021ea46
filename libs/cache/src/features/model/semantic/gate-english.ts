import type { GateTable } from './gate-table.js';

/** English. */
export const ENGLISH: GateTable = Object.freeze<GateTable>({
  negations: [
    ...['no', 'not', 'never', 'none', 'nobody', 'nothing', 'nowhere', 'neither', 'nor', 'cannot', 'without', 'except'],
    ...['excluding', 'unless', 'only', 'hardly', 'barely', 'instead', 'non', 'lack*', 'fail*', 'avoid*', 'refus*'],
  ],
  opposites: [
    [
      ['before', 'prior'],
      ['after', 'following'],
    ],
    [
      ['more', 'most', 'above', 'over'],
      ['less', 'least', 'fewer', 'below', 'under'],
    ],
    [
      ['max', 'maximum', 'highest', 'high', 'higher'],
      ['min', 'minimum', 'lowest', 'low', 'lower'],
    ],
    [
      ['first', 'earliest', 'oldest', 'old'],
      ['last', 'latest', 'newest', 'new'],
    ],
    [
      ['next', 'upcoming', 'future'],
      ['previous', 'past'],
    ],
    [
      ['increas*', 'rais*', 'grow*', 'add', 'adding'],
      ['decreas*', 'reduc*', 'shrink*', 'remov*'],
    ],
    [
      ['buy*', 'bought', 'purchas*'],
      ['sell*', 'sold', 'sale*'],
    ],
    [['lend*', 'lent'], ['borrow*']],
    [['open*'], ['clos*']],
    [
      ['start*', 'begin*', 'began', 'begun'],
      ['end', 'ends', 'ended', 'ending', 'finish*', 'stop*'],
    ],
    [
      ['enabl*', 'activat*'],
      ['disabl*', 'deactivat*', 'off'],
    ],
    [
      ['allow*', 'permit*'],
      ['forbid*', 'prohibit*', 'ban', 'banned', 'deny', 'denie*', 'denial*'],
    ],
    [
      ['legal*', 'valid*', 'lawful*'],
      ['illegal*', 'invalid*', 'unlawful*'],
    ],
    [['possible'], ['impossible']],
    [
      ['required', 'mandatory', 'compulsory', 'obligatory'],
      ['optional', 'voluntary'],
    ],
    [
      ['accept*', 'approv*', 'grant*'],
      ['reject*', 'declin*'],
    ],
    [
      ['arriv*', 'enter*', 'entry', 'incoming', 'inbound'],
      ['depart*', 'leav*', 'exit*', 'outgoing', 'outbound'],
    ],
    [['import*'], ['export*']],
    [
      ['send*', 'sent', 'upload*', 'push*'],
      ['receiv*', 'download*', 'pull*'],
    ],
    [
      ['encrypt*', 'encod*', 'compress*'],
      ['decrypt*', 'decod*', 'decompress*'],
    ],
    [
      ['connect*', 'install*', 'lock*'],
      ['disconnect*', 'uninstall*', 'unlock*'],
    ],
    [
      ['input*', 'read*'],
      ['output*', 'writ*'],
    ],
    [
      ['win', 'wins', 'winning', 'won', 'gain*', 'profit*'],
      ['lose', 'loses', 'losing', 'loss*', 'lost'],
    ],
    [
      ['employer*', 'landlord*', 'seller*', 'lender*'],
      ['employee*', 'tenant*', 'buyer*', 'borrower*'],
    ],
    [
      ['married', 'marry*'],
      ['single', 'divorc*', 'unmarried'],
    ],
    [
      ['advantage*', 'pros', 'benefit*', 'good', 'best', 'better'],
      ['disadvantage*', 'cons', 'bad', 'worst', 'worse'],
    ],
    [['cheap*'], ['expensive']],
    [
      ['hot*', 'warm*'],
      ['cold*', 'cool*'],
    ],
    [['fast*', 'quick*'], ['slow*']],
    [
      ['true', 'right', 'correct*'],
      ['false', 'wrong', 'incorrect*'],
    ],
    [['public*'], ['private*']],
    [
      ['male*', 'man', 'men', 'father*', 'husband*', 'son', 'sons'],
      ['female*', 'woman', 'women', 'mother*', 'wife', 'wives', 'daughter*'],
    ],
    [['parent*'], ['child', 'children']],
    [['north*'], ['south*']],
    [['east*'], ['west*']],
    [['left'], ['right']],
    [
      ['all', 'every', 'always', 'everyone', 'everything'],
      ['some', 'any', 'sometimes', 'someone', 'something'],
    ],
    [['temporary', 'temporarily'], ['permanent*']],
  ],
  routes: [
    [['from'], ['to', 'into', 'until', 'till', 'onto', 'through']],
    [['between'], ['and']],
  ],
  units: {
    second: ['second', 'seconds', 'sec', 'secs'],
    minute: ['minute', 'minutes', 'mins'],
    hour: ['hour', 'hours', 'hr', 'hrs'],
    day: ['day', 'days'],
    week: ['week', 'weeks'],
    month: ['month', 'months'],
    year: ['year', 'years', 'yr', 'yrs'],
    percent: ['percent', 'per-cent', '%'],
    euro: ['euro', 'euros', 'eur', '€'],
    dollar: ['dollar', 'dollars', 'usd', '$'],
    pound: ['pound', 'pounds', 'gbp', '£'],
    kilogram: ['kg', 'kgs', 'kilo', 'kilos', 'kilogram', 'kilograms'],
    gram: ['gram', 'grams'],
    metre: ['metre', 'metres', 'meter', 'meters'],
    kilometre: ['km', 'kms', 'kilometre', 'kilometres', 'kilometer', 'kilometers'],
    mile: ['mile', 'miles'],
    litre: ['litre', 'litres', 'liter', 'liters'],
    celsius: ['celsius', '°c'],
    fahrenheit: ['fahrenheit', '°f'],
  },
  values: {
    ...{ '0': ['zero'], '1': ['one', 'once'], '2': ['two', 'twice', 'double', 'both'], '3': ['three', 'triple'] },
    ...{ '4': ['four'], '5': ['five'], '6': ['six'], '7': ['seven'], '8': ['eight'], '9': ['nine'], '10': ['ten'] },
    ...{ '11': ['eleven'], '12': ['twelve', 'dozen'], '20': ['twenty'], '30': ['thirty'], '100': ['hundred*'] },
    ...{ '1000': ['thousand*'], '1000000': ['million*'], '1/2': ['half'], '1/4': ['quarter*'] },
    ...{ '2nd': ['second'], '3rd': ['third'], '4th': ['fourth'], '5th': ['fifth'] },
    ...{ today: ['today', 'now'], tomorrow: ['tomorrow'], yesterday: ['yesterday'], tonight: ['tonight'] },
    ...{ mon: ['monday*'], tue: ['tuesday*'], wed: ['wednesday*'], thu: ['thursday*'], fri: ['friday*'] },
    ...{ sat: ['saturday*'], sun: ['sunday*'], weekend: ['weekend*'] },
    ...{ jan: ['january'], feb: ['february'], mar: ['march'], apr: ['april'], jun: ['june'], jul: ['july'] },
    ...{ aug: ['august'], sep: ['september'], oct: ['october'], nov: ['november'], dec: ['december'] },
    ...{ morning: ['morning*'], evening: ['evening*'], spring: ['spring'], summer: ['summer*'] },
    ...{ autumn: ['autumn', 'fall'], winter: ['winter*'] },
  },
});
