import type { SeedDocument } from './document.js';

export const welcomeValencia: readonly SeedDocument[] = [
  {
    id: 'doc-first-month',
    title: 'Your first month in Valencia',
    authorId: 'user-sofia',
    templateId: 'tpl-welcome-checklist',
    language: 'EN',
    content:
      'Start with the padrón: register at the town hall with your passport and rental contract. Then book the fingerprint appointment for the TIE, which must be requested within one month of arrival. With the NIE on your visa you can already open a bank account and sign contracts. Keep the paper receipts of form 790, because the police keep only one copy.',
  },
  {
    id: 'doc-nie-in-english',
    title: 'The NIE explained in English',
    authorId: 'user-james',
    templateId: 'tpl-nie-solicitud',
    language: 'EN',
    content:
      'The NIE is a foreigner identity number: one letter, seven digits and a control letter. It never expires and it is not a residence permit. You need it to buy property, pay tax, start a job or open a resident bank account. Apply with form EX-15 at a national police office in Spain or at a Spanish consulate abroad, and pay fee 790-012 first.',
  },
  {
    id: 'doc-tie-in-english',
    title: 'The TIE card step by step',
    authorId: 'user-james',
    templateId: 'tpl-tie-toma-huellas',
    language: 'EN',
    content:
      'The TIE is the plastic card that proves your right to stay for more than six months. Bring form EX-17, your passport with the visa and entry stamp, a padrón certificate, one photo and the receipt of fee 790-012. The officer takes your fingerprints and gives you a receipt with a number. Collect the card about five weeks later with that receipt and your passport.',
  },
  {
    id: 'doc-padron-valencia',
    title: 'Padrón in Valencia: where to go',
    authorId: 'user-sofia',
    language: 'EN',
    content:
      'Valencia has a Junta Municipal in each district and any of them can register you. Book online, or go early for the few places without appointment. Take the rental contract and the latest utility bill, plus passports of everybody who moves in. The volante is printed at once; a certificado for courts or consulates takes a few days.',
  },
  {
    id: 'doc-digital-nomad',
    title: 'Digital nomad visa: the essentials',
    authorId: 'user-james',
    language: 'EN',
    content:
      'Remote workers for companies outside Spain can apply for the international teleworking visa at a consulate, or for the permit at the UGE while legally in Spain. The income asked for is 200 % of the Spanish minimum wage for the main applicant. Work for Spanish clients may not exceed 20 % of the total. A Social Security certificate of coverage, or registration as self-employed, is part of the file.',
  },
  {
    id: 'doc-student-stay',
    title: 'Student stay and part-time work',
    authorId: 'user-james',
    language: 'EN',
    content:
      'A stay for higher studies allows work of up to thirty hours a week as long as it is compatible with the course. The authorisation covers the whole degree, subject to proof of progress. Extensions are requested from two months before to three months after it expires. After graduating, a permit of up to one year to look for a job or start a business is available.',
  },
  {
    id: 'doc-eu-certificate',
    title: 'EU citizens: the green certificate',
    authorId: 'user-sofia',
    language: 'EN',
    content:
      'Citizens of the European Union who stay longer than three months register with form EX-18 and receive a green certificate that shows their NIE. They prove work, studies, or sufficient means with health cover. The certificate has no photo and must be carried with a passport or national card. After five years they can ask for the permanent certificate.',
  },
  {
    id: 'doc-family-of-eu',
    title: 'Family card of an EU citizen (EX-19)',
    authorId: 'user-sofia',
    language: 'EN',
    content:
      'Spouses, registered partners, children under 21 and dependent parents of an EU citizen can ask for a family card with form EX-19. It must be requested within three months of entry and allows work from the day of the application. Bring the marriage or birth certificate with apostille and sworn translation. The card lasts five years, or as long as the citizen intends to stay.',
  },
  {
    id: 'doc-autorizacion-regreso',
    title: 'Viajar mientras se renueva: autorización de regreso',
    authorId: 'user-sofia',
    content:
      'Quien tiene la TIE caducada o en trámite necesita una autorización de regreso para volver a entrar en España. Se pide con el impreso EX-13, el resguardo de la renovación, el pasaporte y la tasa 790-012. Vale noventa días desde la caducidad de la autorización. En urgencias justificadas la comisaría puede expedirla el mismo día.',
  },
  {
    id: 'doc-seguridad-social',
    title: 'Número de la Seguridad Social y tarjeta sanitaria',
    authorId: 'user-sofia',
    content:
      'El número de afiliación se solicita por internet en la Tesorería General de la Seguridad Social con el NIE o el pasaporte. Con él, la empresa da el alta antes del primer día de trabajo. Después se pide en el centro de salud la tarjeta SIP, con el padrón y el documento que reconoce la asistencia sanitaria. El trámite no tiene coste.',
  },
  {
    id: 'doc-certificado-digital',
    title: 'Certificado digital de la FNMT con NIE',
    authorId: 'user-james',
    content:
      'El certificado de persona física permite presentar solicitudes y recibir notificaciones por internet. Se solicita en la web de la FNMT, se acredita la identidad en una oficina con la TIE o con el pasaporte y el documento del NIE, y se descarga en el mismo equipo. Dura cuatro años y se renueva en línea una vez. Haga una copia de seguridad con contraseña.',
  },
  {
    id: 'doc-canje-carnet',
    title: 'Exchanging a foreign driving licence',
    authorId: 'user-james',
    language: 'EN',
    content:
      'Licences from the EU are valid until they expire and can be renewed in Spain. Those from countries with an agreement may be used for six months after becoming resident and are then exchanged at the DGT. Bring the TIE or green certificate, a psychophysical report and the original licence. Without an agreement you must take the Spanish theory and practical tests.',
  },
  {
    id: 'doc-impuestos-residencia',
    title: 'When do I become a tax resident?',
    authorId: 'user-sofia',
    language: 'EN',
    content:
      'You are a tax resident if you spend more than 183 days of a calendar year in Spain or if your main economic interests are here. Tax residence and the residence permit are separate matters. Residents declare worldwide income between April and June. Workers who move here can opt for the special regime for inbound workers within six months of registering with Social Security.',
  },
];
