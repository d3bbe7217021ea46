import { lastUserText } from './last-user-text.js';

const image = (byte: number) => ({ type: 'image', image: new Uint8Array([byte]) });

describe('the last text of the user', () => {
  it.each([
    ['a text', 'hello'],
    [
      'messages',
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hello' },
      ],
    ],
    ['parts', [{ role: 'user', content: [{ type: 'text', text: 'hello' }, image(1)] }]],
    ['an object with messages', { messages: [{ role: 'user', content: 'hello' }] }],
    ['an object with a prompt', { prompt: 'hello', seed: 1 }],
  ])('is taken out of %s', (_, input) => {
    expect(lastUserText(input)?.text).toBe('hello');
    expect(JSON.stringify(lastUserText(input)?.rest)).not.toContain('hello');
  });

  it.each([
    [
      'an answer last',
      [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    ],
    ['a result of a tool last', [{ role: 'tool', content: 'a' }]],
    ['two texts', [{ role: 'user', content: [{ text: 'a' }, { text: 'b' }] }]],
    ['no text', [{ role: 'user', content: [image(1)] }]],
    ['no messages', []],
    ['bytes', new Uint8Array([1])],
    ['both prompt and messages', { prompt: 'a', messages: [{ role: 'user', content: 'b' }] }],
    ['nothing', null],
    ['a number', 7],
    ['other fields', { question: 'a' }],
  ])('is not there with %s', (_, input) => {
    expect(lastUserText(input)).toBeUndefined();
  });

  it('leaves all else', () => {
    const rest = (system: string, byte: number, text: string) =>
      lastUserText([
        { role: 'system', content: system },
        { role: 'user', name: 'ana', content: [{ type: 'text', text }, image(byte)] },
      ])?.rest;
    expect(rest('Be brief.', 1, 'one')).toEqual(rest('Be brief.', 1, 'two'));
    expect(rest('Be brief.', 1, 'one')).not.toEqual(rest('Be long.', 1, 'one'));
    expect(rest('Be brief.', 1, 'one')).not.toEqual(rest('Be brief.', 2, 'one'));
  });
});
