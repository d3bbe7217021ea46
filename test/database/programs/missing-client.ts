// Nobody has generated a client where this program runs.
import { initializeConnectionPool } from '@mobius1/database';
import { say } from '../../standalone/say.js';

try {
  initializeConnectionPool();
} catch (error) {
  const { code, message } = error as Error & { code?: string };
  say('missing', { code, message });
}
