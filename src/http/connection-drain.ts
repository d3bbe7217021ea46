import type { Server } from 'node:http';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

/** How often connections that have become idle are looked for. */
const SWEEP_MS = 20;

/** What is not answered by then is cut off; orchestrators usually kill after 10 to 30 s. */
const GRACE_MS = 5_000;

/**
 * Ends the process soon after the last answer. A closed server finishes its requests, but a keep-alive connection that
 * was busy when it closed would stay open for seconds.
 */
@Injectable()
export class ConnectionDrain implements BeforeApplicationShutdown {
  constructor(private readonly host: HttpAdapterHost) {}

  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
    const cutOff = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.once('close', () => {
      clearInterval(sweep);
      clearTimeout(cutOff);
    });
  }
}
