import { ConsoleLogger } from '@nestjs/common';

/** Nest's own account of every module and route it sets up: a screenful at each start. */
const NEST_CONTEXTS = ['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'];
const START_FAILURES: readonly unknown[] = ['NestApplication', 'ExceptionHandler'];

/** Leaves the start readable: the lines of the application, and Nest's only from warnings on. */
export class StartLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context === 'string' && NEST_CONTEXTS.includes(context)) return;
    super.log(message, ...rest);
  }

  /** A start that fails is explained by `main.ts`, which is told of it as well. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (START_FAILURES.includes(rest.at(-1))) return;
    super.error(message, ...rest);
  }
}
