import { readPage } from './page.js';

/** A message that a page explains: its text, with `…` for what differs. */
export interface Symptom {
  readonly text: string;
  readonly pattern: RegExp;
}

/** What stands as code in the first cells of the tables of a page. */
export function symptomsOf(path: string): Symptom[] {
  const rows = readPage(path)
    .text.split('\n')
    .filter((line) => line.startsWith('| `'));
  return rows
    .map((row) => row.split(' | ')[0] ?? '')
    .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => ({ text, pattern: patternOf(text) })));
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    text
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*?'),
  );
