import { InvalidOptionsError, OptionCheck } from '@mobius1/kernel';
import { countedAddress, type Networks, readNetworks } from './client-address.js';

describe('the address that is counted', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:54321', '203.0.113.7'],
    [' 203.0.113.7 ', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:80', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['[fe80::1%25eth0]:80', 'fe80::/64'],
    ['::1', '::/64'],
  ])('of %j is %j', (text, counted) => {
    expect(countedAddress(text)).toBe(counted);
  });

  it.each([
    undefined,
    null,
    '',
    ' ',
    'undefined',
    'localhost',
    '1',
    '0x7f.1',
    '010.0.0.1',
    '1.2.3',
    '1.2.3.999',
    42,
    {},
  ])('is none for %j', (text) => {
    expect(countedAddress(text)).toBeUndefined();
  });

  it('is as wide as is said', () => {
    expect(countedAddress('2001:db8:1:ff02::1', 56)).toBe('2001:db8:1:ff00::/56');
    expect(countedAddress('2001:db8::1', 128)).toBe('2001:db8::1');
    expect(countedAddress('203.0.113.7', 56)).toBe('203.0.113.7');
  });
});

describe('networks', () => {
  const read = (list: unknown): Networks => {
    const check = new OptionCheck('test');
    const networks = readNetworks(check, 'allow', list);
    check.throwIfAny();
    return networks;
  };

  it.each<[string, string[], string[]]>([
    ['10.0.0.0/8', ['10.1.2.3', '10.1.2.3:99', '::ffff:10.1.2.3'], ['11.0.0.1', '::1', 'fe80::a00:1', 'no address']],
    ['192.0.2.1', ['192.0.2.1'], ['192.0.2.2']],
    ['2001:db8::/32', ['2001:db8:ffff::1', '[2001:db8::1]:80'], ['2001:db9::1', '10.0.0.1']],
    ['::1', ['::1', '::1%lo'], ['::2', '127.0.0.1']],
    ['::ffff:10.0.0.0/104', ['10.200.0.1'], ['11.0.0.1']],
    ['0.0.0.0/0', ['203.0.113.7'], ['::1']],
  ])('%s', (network, inside, outside) => {
    const networks = read([network]);
    expect(inside.filter((address) => !networks.has(address))).toEqual([]);
    expect(outside.filter((address) => networks.has(address))).toEqual([]);
  });

  it('may be none', () => {
    expect(read(undefined).has('127.0.0.1')).toBe(false);
    expect(read([]).has('127.0.0.1')).toBe(false);
    expect(read(['0.0.0.0/0']).has(undefined)).toBe(false);
  });

  it('are refused one by one', () => {
    const problems = (): unknown => read(['10.0.0.0/8', '10.0.0.0/33', 'office', '10/8', 7, '1.2.3.4/x']);
    expect(problems).toThrow(InvalidOptionsError);
    for (const i of [1, 2, 3, 4, 5]) expect(problems).toThrow(`allow[${i}]: expected a network`);
    expect(problems).not.toThrow('allow[0]');
    expect(() => read('10.0.0.0/8')).toThrow('allow: expected a list');
  });
});
