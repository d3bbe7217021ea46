import type { TemplateId } from './templates.js';
import type { UserId } from './people.js';

/** A document as the files beside this one list it: newest first. */
export interface SeedDocument {
  readonly id: `doc-${string}`;
  readonly title: string;
  readonly authorId: UserId;
  readonly templateId?: TemplateId;
  /** @default 'ES' */
  readonly language?: 'ES' | 'EN';
  readonly content: string;
}
