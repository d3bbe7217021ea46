/** Who works where. The ids are fixed: examples, tests and documentation refer to them. */
export const workspaces = [
  { id: 'ws-gestoria-sol', name: 'Gestoría Sol', slug: 'gestoria-sol', users: ['user-ana', 'user-luis', 'user-marta'] },
  {
    id: 'ws-extranjeria-norte',
    name: 'Extranjería Norte',
    slug: 'extranjeria-norte',
    users: ['user-iker', 'user-marta'],
  },
  {
    id: 'ws-welcome-valencia',
    name: 'Welcome Valencia',
    slug: 'welcome-valencia',
    users: ['user-sofia', 'user-james'],
  },
] as const;

export const users = [
  { id: 'user-ana', name: 'Ana Torres', email: 'ana@gestoriasol.example', role: 'ADMIN' },
  { id: 'user-luis', name: 'Luis Romero', email: 'luis@gestoriasol.example', role: 'MEMBER' },
  { id: 'user-marta', name: 'Marta Vidal', email: 'marta@vidalabogados.example', role: 'MEMBER' },
  { id: 'user-iker', name: 'Iker Etxeberria', email: 'iker@extranjerianorte.example', role: 'ADMIN' },
  { id: 'user-sofia', name: 'Sofía Llorens', email: 'sofia@welcomevalencia.example', role: 'ADMIN' },
  { id: 'user-james', name: 'James Whitfield', email: 'james@welcomevalencia.example', role: 'MEMBER' },
] as const;

export type UserId = (typeof users)[number]['id'];
