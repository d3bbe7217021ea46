import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { limitedCall, type LimitedCall } from './limited-call.js';

function callOf(type: string, ...args: unknown[]): LimitedCall {
  const context = new ExecutionContextHost(args);
  context.setType(type);
  return limitedCall(context);
}

describe('a call', () => {
  it('over HTTP is known by its raw request, which other frameworks wrap', () => {
    const raw = { headers: {} };
    const [fastify, express] = [
      { ip: '192.0.2.1', raw },
      { ip: '192.0.2.1', headers: {}, raw: Buffer.from('body') },
    ];
    expect(callOf('http', fastify, 'reply')).toMatchObject({ address: '192.0.2.1', response: 'reply' });
    expect(callOf('http', fastify).once).toBe(raw);
    expect(callOf('http', express).once).toBe(express);
  });

  it('of a GraphQL field belongs to the request of HTTP, however the context names it', () => {
    const req = { ip: '192.0.2.1', headers: {}, res: { setHeader: jest.fn() } };
    const reply = { header: jest.fn() };
    const fields = [{ req }, { request: req }, { req, reply }].map((context) => callOf('graphql', {}, {}, context, {}));
    for (const field of fields) expect(field).toMatchObject({ transport: 'graphql', address: '192.0.2.1' });
    expect(new Set(fields.map(({ once }) => once))).toEqual(new Set([req]));
    expect(fields.map(({ response }) => response)).toEqual([req.res, req.res, reply]);
  });

  it('of a GraphQL operation over a WebSocket is one by itself: all share the request that opened it', () => {
    const req = { headers: { upgrade: 'websocket' }, socket: { remoteAddress: '192.0.2.1' } };
    const [first, second] = [{ req }, { req }];
    expect(callOf('graphql', {}, {}, first, {})).toMatchObject({ address: '192.0.2.1', response: undefined });
    expect(callOf('graphql', {}, {}, first, {}).once).toBe(first);
    expect(callOf('graphql', {}, {}, second, {}).once).toBe(second);
  });

  it('of a gateway is one message of a client, as ws and Socket.IO know it', () => {
    const ws = { _socket: { remoteAddress: '192.0.2.1' }, user: { id: 'u1' } };
    const first = callOf('ws', ws, 'data', 'event');
    expect(first).toMatchObject({ address: '192.0.2.1', request: { user: { id: 'u1' } } });
    expect(callOf('ws', ws, 'data', 'event').once).not.toBe(first.once);
    const headers = { 'x-api-key': 'k1' };
    const io = { handshake: { address: '192.0.2.2', headers }, data: { user: { id: 'u2' } }, id: 'io' };
    const { address, request } = callOf('ws', io);
    expect(address).toBe('192.0.2.2');
    expect([request.headers, request.user, request.id]).toEqual([headers, { id: 'u2' }, 'io']);
    expect(io).not.toHaveProperty('user');
  });

  it('of a microservice has the address of its peer, where its transport has one', () => {
    const tcp = { getSocketRef: () => ({ socket: { remoteAddress: '192.0.2.1' } }) };
    expect(callOf('rpc', {}, tcp)).toMatchObject({ transport: 'rpc', address: '192.0.2.1', request: {} });
    expect(callOf('rpc', {}, { getSubject: () => 'x' }).address).toBeUndefined();
    expect(callOf('rpc', {}).address).toBeUndefined();
  });

  it('of anything else is known by its arguments', () => {
    const { transport, once, address } = callOf('telegram', 'message');
    expect([transport, once, address]).toEqual(['other', ['message'], undefined]);
  });

  it('may have nothing where something is expected', () => {
    expect(callOf('graphql', {}, {}, undefined).request).toEqual({});
    expect(callOf('ws').request).toEqual({});
  });
});
