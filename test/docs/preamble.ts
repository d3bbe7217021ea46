/** What stands for the reader's own code: every block of the pages may use it without a declaration. */
export const PREAMBLE = `
declare const cache: import('@mobius1/cache').CacheManagerService;

interface User { readonly id: string; readonly name: string; readonly workspaceId: string }
interface Workspace { readonly id: string; readonly name: string }
interface Summary { readonly total: number }

declare const db: {
  user(id: string): Promise<User | null>;
  users(workspaceId: string): Promise<User[]>;
  rename(id: string, name: string): Promise<User>;
  remove(id: string): Promise<void>;
  workspace(id: string): Promise<Workspace>;
};

declare function askTheDatabase(sku: string): Promise<number>;
declare function tellTheDatabase(sku: string, price: number): Promise<void>;
declare function summarise(workspaceId: string): Promise<Summary>;
`;
