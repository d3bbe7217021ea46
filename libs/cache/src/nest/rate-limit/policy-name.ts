import { createHash } from 'node:crypto';

const LONGEST_NAME = 60;
const DIGEST_LENGTH = 10;

/** What a policy may be called, and nothing else is: long names and those with other letters end in a digest. */
export function policyName(text: string): string {
  const plain = text.replace(/[^\w.:/-]/g, '_');
  if (plain === text && text.length <= LONGEST_NAME) return text;
  const digest = createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LENGTH);
  return `${plain.slice(0, LONGEST_NAME - DIGEST_LENGTH - 1)}.${digest}`;
}
