// The vendor's page shows the document that `url` names, and so does this one, as long as it is on this server: a link
// must not make a page of the emulator show the document of a stranger, who would get the credentials that are tried out.
const own = new URL("v1/swagger.json", document.currentScript.src);
const asked = new URLSearchParams(location.search).get("url");

let shown = own;
if (asked) {
  const url = URL.canParse(asked, location.href) ? new URL(asked, location.href) : null;
  if (url?.origin === location.origin) {
    shown = url;
  } else {
    const refused = document.getElementById("refused");
    refused.querySelector("code").textContent = asked;
    refused.hidden = false;
  }
}

window.ui = SwaggerUIBundle({
  url: shown.href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
