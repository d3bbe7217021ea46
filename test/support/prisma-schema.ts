import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '../..');
const LOCAL = join(ROOT, '.local');
const run = promisify(execFile);

const GENERATOR = `generator client {
  provider            = "prisma-client"
  output              = "./client"
  runtime             = "nodejs"
  moduleFormat        = "cjs"
  importFileExtension = "js"
}
`;

type Operation = (args?: object) => PromiseLike<unknown>;
type Reads = 'findUnique' | 'findMany' | 'groupBy' | 'count';
type Writes =
  'create' | 'createMany' | 'update' | 'updateMany' | 'updateManyAndReturn' | 'upsert' | 'delete' | 'deleteMany';

/** A client of which the compiler knows no more than the names of models. */
export type UntypedPrisma<Model extends string> = Readonly<
  Record<Model, Readonly<Record<Reads | Writes, Operation>>>
> & {
  $extends(extension: object): UntypedPrisma<Model>;
  $transaction(
    body: ((tx: UntypedPrisma<Model>) => Promise<unknown>) | readonly PromiseLike<unknown>[],
  ): Promise<unknown>;
  $executeRawUnsafe(sql: string, ...values: readonly unknown[]): PromiseLike<number>;
  $disconnect(): Promise<void>;
};

export type PrismaClientClass<Model extends string> = new (options: { adapter: unknown }) => UntypedPrisma<Model>;

/** Generates the client of a schema file that has no generator, and makes its tables in an empty database, as Prisma itself does. */
export async function prismaOfSchema<Model extends string>(
  file: string,
  url: string,
): Promise<PrismaClientClass<Model>> {
  mkdirSync(LOCAL, { recursive: true });
  // Inside of the repository, because the client imports Prisma's runtime.
  const directory = mkdtempSync(join(LOCAL, 'prisma-test-'));
  try {
    const schema = join(directory, 'schema.prisma');
    writeFileSync(schema, GENERATOR + readFileSync(file, 'utf8'));
    await prisma(['generate', '--schema', schema], url);
    await prisma(['db', 'push', '--schema', schema], url);
    const { PrismaClient } = createRequire(__filename)(join(directory, 'client/client.ts')) as {
      PrismaClient: PrismaClientClass<Model>;
    };
    return PrismaClient;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function prisma(args: readonly string[], url: string): Promise<void> {
  await run(process.execPath, [join(ROOT, 'tools/prisma.mjs'), ...args], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: url },
  });
}
