/** Letters and checklists with `{{gaps}}` to fill in. */
export const templates = [
  {
    id: 'tpl-nie-solicitud',
    name: 'Solicitud de NIE (EX-15)',
    popular: true,
    body: 'D./D.ª {{nombre}}, con pasaporte {{pasaporte}}, solicita la asignación de un Número de Identidad de Extranjero por intereses {{motivo}}. Se adjuntan: impreso EX-15 por duplicado, pasaporte completo y copia, documento que acredita el motivo y justificante de la tasa modelo 790, código 012.',
  },
  {
    id: 'tpl-tie-toma-huellas',
    name: 'Cita de toma de huellas para la TIE',
    popular: true,
    body: 'Estimado/a {{nombre}}: su cita es el {{fecha}} a las {{hora}} en {{comisaria}}. Lleve el impreso EX-17, la resolución favorable, el pasaporte, una fotografía reciente en color con fondo blanco, el volante de empadronamiento y la tasa 790-012 pagada.',
  },
  {
    id: 'tpl-empadronamiento',
    name: 'Solicitud de empadronamiento',
    popular: true,
    body: 'D./D.ª {{nombre}} solicita el alta en el padrón municipal de {{municipio}}, en el domicilio {{domicilio}}. Aporta documento de identidad en vigor y {{titulo}} (contrato de alquiler, escritura o autorización del titular de la vivienda).',
  },
  {
    id: 'tpl-renovacion-residencia',
    name: 'Renovación de la autorización de residencia y trabajo',
    popular: true,
    body: 'D./D.ª {{nombre}}, titular del NIE {{nie}}, solicita renovar su autorización, que caduca el {{caducidad}}. Acompaña el impreso, el pasaporte completo, el informe de vida laboral, el contrato en vigor y la tasa 790, código 052.',
  },
  {
    id: 'tpl-arraigo-social',
    name: 'Solicitud de arraigo social (EX-10)',
    popular: false,
    body: 'D./D.ª {{nombre}} solicita autorización de residencia temporal por arraigo social. Acredita su permanencia en España desde {{desde}}, la ausencia de antecedentes penales y {{vinculos}} (vínculos familiares o informe de integración social).',
  },
  {
    id: 'tpl-autorizacion-representante',
    name: 'Autorización de representación',
    popular: false,
    body: 'Yo, {{nombre}}, con documento {{documento}}, autorizo a {{representante}} a presentar en mi nombre la solicitud de {{tramite}} y a recibir las notificaciones que se deriven de ella. En {{lugar}}, a {{fecha}}.',
  },
  {
    id: 'tpl-subsanacion',
    name: 'Escrito de subsanación',
    popular: false,
    body: 'En contestación al requerimiento notificado el {{fecha}} en el expediente {{expediente}}, se aporta dentro del plazo de diez días la documentación siguiente: {{documentos}}. Se solicita que se tenga por subsanada la solicitud.',
  },
  {
    id: 'tpl-welcome-checklist',
    name: 'First month in Spain: checklist',
    popular: true,
    language: 'EN',
    body: 'Dear {{name}}, in your first month: register on the padrón of {{town}}, book the fingerprint appointment for your TIE within one month of arrival, request a Social Security number, and keep every receipt of form 790. Your contact is {{adviser}}.',
  },
] as const;

export type TemplateId = (typeof templates)[number]['id'];
