import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { isUsable } from './connection-state.js';

// How the server cuts its answer into packets cannot be arranged, so this is not a real connection.
it('stops listening once it has heard how a connection is after an error', async () => {
  const connection = new EventEmitter();
  const client = { connection, readyForQuery: false, getTransactionStatus: () => 'I' } as unknown as pg.PoolClient;
  const usable = isUsable(client, { code: '23505' });
  connection.emit('readyForQuery');
  expect(await usable).toBe(true);
  expect(connection.eventNames()).toEqual([]);
});
