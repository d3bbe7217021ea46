// The compiled demo as a process of its own: forked with options of the cache as JSON, it tells its parent where it listens.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { Logger } = require('@nestjs/common');
const { createApp } = require('../dist/src/app.js');
const { readConfig } = require('../dist/src/config.js');

Logger.overrideLogger(['warn', 'error', 'fatal']);
const app = await createApp({ ...readConfig(process.env), cache: JSON.parse(process.argv[2]) });
// Nobody is left to stop it.
process.on('disconnect', () => process.exit());
await app.listen(0, '127.0.0.1');
process.send({ url: await app.getUrl() });
