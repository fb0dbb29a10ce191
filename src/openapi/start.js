// The vendor's page shows the document that `url` names. So does this one, but only if it is on this server: a link must
// not make a page of the emulator show another server's document, which would receive the credentials that users try out.
const ownUrl = new URL("v1/swagger.json", document.currentScript.src);
const requested = new URLSearchParams(location.search).get("url");

let documentUrl = ownUrl;
if (requested) {
  const url = URL.canParse(requested, location.href) ? new URL(requested, location.href) : null;
  if (url?.origin === location.origin) {
    documentUrl = url;
  } else {
    const refused = document.getElementById("refused");
    refused.querySelector("code").textContent = requested;
    refused.hidden = false;
  }
}

window.ui = SwaggerUIBundle({
  url: documentUrl.href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
