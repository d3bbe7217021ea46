import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Name<Segment extends string> = Segment extends `:${infer Param}` ? Param : never;
type Names<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? Name<Segment> | Names<Rest>
  : Name<Path>;

interface Request<Path extends string> {
  readonly params: Readonly<Record<Names<Path>, string>>;
}

interface Reply {
  send(body: unknown): unknown;
}

type Handler<Path extends string> = (request: Request<Path>, reply: Reply) => Promise<unknown>;

/** As much of a web framework as a program about caching needs: GET routes with parameters, on a real HTTP server. */
export function createApp() {
  const routes: { path: RegExp; handle: Handler<string> }[] = [];
  const server = createServer((request, response) => {
    const route = routes.find(({ path }) => path.test(request.url ?? ''));
    const params = route?.path.exec(request.url ?? '')?.groups ?? {};
    const send = (body: unknown): unknown => response.end(JSON.stringify(body));
    route?.handle({ params }, { send }).catch((error: unknown) => {
      response.statusCode = 500;
      send({ error: String(error) });
    });
  });
  return {
    get<Path extends string>(path: Path, handle: Handler<Path>): void {
      const pattern = path.replace(/:(\w+)/g, '(?<$1>[^/]+)');
      routes.push({ path: new RegExp(`^${pattern}$`), handle });
    },
    /** Listens on a free port and returns the address. */
    listen: async (): Promise<string> => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
