import { type NestApplicationOptions, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import type { AppConfig } from './config.js';
import { serveDocumentation } from './http/documentation.js';

/** Room for the longest document in UTF-8 and JSON; everything larger is a 413. */
const BODY_LIMIT = '512kb';

/** The caller decides what a failed start means. */
const OPTIONS: Pick<NestApplicationOptions, 'abortOnError'> = { abortOnError: false };

/** The whole application over a prepared database, not listening yet: for `main.ts` and for tests alike. */
export async function createApp(config: AppConfig): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.with(config), OPTIONS);
  app.disable('x-powered-by');
  app.useBodyParser('json', { limit: BODY_LIMIT });
  app.useGlobalPipes(
    new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true, stopAtFirstError: true }),
  );
  app.enableShutdownHooks();
  serveDocumentation(app);
  return app;
}
