import type { SeedDocument } from './document.js';

export const gestoriaSol: readonly SeedDocument[] = [
  {
    id: 'doc-que-es-el-nie',
    title: '¿Qué es el NIE?',
    authorId: 'user-ana',
    templateId: 'tpl-nie-solicitud',
    content:
      'El NIE es el Número de Identidad de Extranjero: un número personal, único y exclusivo que la Policía Nacional asigna a quien tiene intereses económicos, profesionales o sociales en España. Consta de una letra inicial (X, Y o Z), siete cifras y una letra de control. El NIE no caduca y no autoriza por sí mismo a residir ni a trabajar. Se necesita para abrir una cuenta de residente, comprar una vivienda, firmar un contrato o darse de alta en Hacienda.',
  },
  {
    id: 'doc-nie-documentos',
    title: 'Documentos para pedir el NIE',
    authorId: 'user-ana',
    templateId: 'tpl-nie-solicitud',
    content:
      'Para solicitar el NIE se presenta el impreso EX-15 firmado, el pasaporte en vigor con copia de todas sus páginas y un documento que justifique el motivo de la solicitud. También se adjunta el justificante de pago de la tasa modelo 790, código 012. Si la presenta un representante, hace falta un poder que mencione expresamente este trámite. Los documentos extranjeros deben estar legalizados o apostillados y traducidos por un traductor jurado.',
  },
  {
    id: 'doc-nie-consulado',
    title: 'Pedir el NIE desde el extranjero',
    authorId: 'user-luis',
    content:
      'Quien no está en España puede pedir el NIE en la oficina consular de su lugar de residencia. El consulado envía la solicitud a la Comisaría General de Extranjería y Fronteras, por lo que el plazo suele ser de varias semanas. La tasa se paga en el propio consulado y en la moneda local. Conviene guardar el resguardo, porque el número llega por correo electrónico.',
  },
  {
    id: 'doc-tie-primera',
    title: 'Solicitar la primera TIE',
    authorId: 'user-luis',
    templateId: 'tpl-tie-toma-huellas',
    content:
      'La TIE es la Tarjeta de Identidad de Extranjero: el documento físico que acredita una estancia o residencia de más de seis meses. Se solicita en el plazo de un mes desde la entrada en España o desde que la autorización tiene efecto. Hay que pedir cita de «toma de huellas», llevar el impreso EX-17, la resolución, una fotografía y la tasa 790-012. La tarjeta se recoge unos treinta a cuarenta y cinco días después con el resguardo y el pasaporte.',
  },
  {
    id: 'doc-tie-duplicado',
    title: 'Duplicado de la TIE por robo o pérdida',
    authorId: 'user-luis',
    templateId: 'tpl-tie-toma-huellas',
    content:
      'Cuando la TIE se pierde o la roban, primero se presenta una denuncia en comisaría. Después se pide cita para el duplicado y se aportan la denuncia, el impreso EX-17, el pasaporte, una fotografía y la tasa correspondiente. El duplicado conserva la fecha de caducidad de la tarjeta anterior. Si faltan menos de dos meses para que caduque, es mejor solicitar directamente la renovación.',
  },
  {
    id: 'doc-nie-o-tie',
    title: 'NIE y TIE: en qué se diferencian',
    authorId: 'user-ana',
    content:
      'El NIE es un número y la TIE es una tarjeta. Toda TIE lleva impreso el NIE de su titular, pero se puede tener NIE sin tener TIE, por ejemplo al comprar una casa como no residente. El NIE no caduca; la TIE caduca con la autorización que documenta. Los ciudadanos de la Unión Europea no reciben TIE, sino un certificado de registro de color verde.',
  },
  {
    id: 'doc-modelo-790-012',
    title: 'Cómo rellenar el modelo 790, código 012',
    authorId: 'user-luis',
    content:
      'El modelo 790 con código 012 es el impreso de la tasa de la Policía Nacional para NIE, TIE, certificados y autorizaciones de regreso. Se rellena en la sede electrónica, se elige la casilla del trámite y se descarga en PDF. Se paga en cualquier banco colaborador o por internet, siempre antes de la cita. El impreso lleva un número propio: una fotocopia del impreso de otra persona no sirve.',
  },
  {
    id: 'doc-modelo-790-052',
    title: 'Modelo 790, código 052: tasas de la Oficina de Extranjería',
    authorId: 'user-luis',
    content:
      'El código 052 del modelo 790 corresponde a la tramitación de autorizaciones de residencia ante la Oficina de Extranjería. Se abona en los diez días hábiles siguientes a que la solicitud sea admitida a trámite. Si no se paga a tiempo, la Administración puede archivar el expediente. En las autorizaciones de trabajo, la empresa paga además el código 062.',
  },
  {
    id: 'doc-empadronamiento-basico',
    title: 'Empadronamiento: qué es y para qué sirve',
    authorId: 'user-marta',
    templateId: 'tpl-empadronamiento',
    content:
      'El empadronamiento es la inscripción en el padrón del municipio donde se vive habitualmente. Es un derecho y un deber de toda persona que reside en España, con independencia de su situación administrativa. El volante o el certificado de empadronamiento se pide para la tarjeta sanitaria, la escuela, la TIE y para probar el tiempo de permanencia en un arraigo. El trámite es gratuito.',
  },
  {
    id: 'doc-empadronamiento-sin-contrato',
    title: 'Empadronarse sin contrato de alquiler',
    authorId: 'user-marta',
    templateId: 'tpl-empadronamiento',
    content:
      'Quien vive en casa de otra persona puede empadronarse con una autorización firmada por el titular de la vivienda y copia de su documento. Si no hay título alguno, el ayuntamiento debe comprobar por otros medios que la persona vive allí, por ejemplo con una visita o un informe de los servicios sociales. La falta de contrato no es por sí sola motivo de denegación.',
  },
  {
    id: 'doc-renovacion-padron',
    title: 'Renovar la inscripción padronal cada dos años',
    authorId: 'user-marta',
    content:
      'Las personas extranjeras no comunitarias sin autorización de larga duración deben renovar su inscripción en el padrón cada dos años. Si no lo hacen, el ayuntamiento puede declarar la baja por caducidad. Una baja interrumpe la prueba de la permanencia, así que conviene anotar la fecha y acudir unas semanas antes con el pasaporte.',
  },
  {
    id: 'doc-renovacion-plazos',
    title: 'Plazos para renovar la autorización de residencia',
    authorId: 'user-ana',
    templateId: 'tpl-renovacion-residencia',
    content:
      'La renovación de la autorización se puede presentar durante los dos meses anteriores a su caducidad y hasta tres meses después. Presentarla prorroga la validez de la autorización anterior hasta que se resuelva. Si se presenta tarde, dentro de los tres meses, puede abrirse un procedimiento sancionador. El silencio administrativo en la renovación es positivo.',
  },
  {
    id: 'doc-cita-previa',
    title: 'Trucos honestos para conseguir cita previa',
    authorId: 'user-luis',
    content:
      'Las citas de extranjería se publican varias veces al día, a menudo a primera hora. Conviene tener preparados el NIE o el pasaporte, el nombre tal como aparece en el documento y un teléfono. La cita es gratuita y personal: comprarla a intermediarios es ilegal y puede ser anulada. Si no hay citas, guarde capturas de pantalla con fecha para acreditar el intento.',
  },
  {
    id: 'doc-poder-representante',
    title: 'Cuándo puede ir un representante',
    authorId: 'user-marta',
    templateId: 'tpl-autorizacion-representante',
    content:
      'Muchas solicitudes admiten representante con una autorización firmada y copia de ambos documentos. La toma de huellas es personal y no se puede delegar. Los gestores administrativos y abogados colegiados pueden presentar por medios electrónicos con su certificado. El poder notarial solo es imprescindible cuando lo pide la norma, como en el NIE solicitado en España por un tercero.',
  },
];
