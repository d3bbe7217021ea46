import 'reflect-metadata';
import { verify } from './verify.js';

verify().then(
  () => console.log('ok'),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
