import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { CodedError } from '@mobius1/kernel';
import { createApp } from './app.js';
import { readConfig } from './config.js';
import { prepareDatabase } from './database/prepare-database.js';
import { StartLogger } from './start-logger.js';

async function start(): Promise<void> {
  Logger.overrideLogger(new StartLogger());
  const config = readConfig(process.env);
  await prepareDatabase(config.databaseUrl);
  const app = await createApp(config);
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  new Logger('Mobius').log(
    [
      `listening on ${url}`,
      `  documentation  ${url}/api/docs`,
      `  health         ${url}/health`,
      `  try            curl -i ${url}/api/v1/workspaces/ws-gestoria-sol   (twice: see X-Cache)`,
    ].join('\n'),
  );
}

/** What the reader can do something about is said in one line; only a bug deserves its stack. */
function explain(error: unknown): string {
  const { code, port, address, hostname } = error as NodeJS.ErrnoException &
    Partial<Record<'port' | 'address' | 'hostname', string>>;
  if (code === 'EADDRINUSE')
    return `Port ${port ?? ''} is in use. Stop what listens there, or choose another: PORT=3001 npm start`;
  if (code === 'EACCES') return `Port ${port ?? ''} needs more rights. Choose one above 1023: PORT=3001 npm start`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `HOST ${address ?? hostname ?? ''} is not an address of this machine.`;
  if (error instanceof CodedError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

start().catch((error: unknown) => {
  console.error(explain(error));
  // Not exitCode: half an application may hold the process open.
  process.exit(1);
});
