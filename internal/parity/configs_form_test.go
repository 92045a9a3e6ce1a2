package parity

import (
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// minimalConfig has one issuer and nothing that could be left out.
var minimalConfig = withURL("https://issuer.example")

// asJSON is the same document as JSON.
func asJSON(text string) string {
	b, err := yaml.ToJSON([]byte(text))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// asVersion is minimalConfig under another version and configKind.
func asVersion(version, kindName string) string {
	text := strings.Replace(minimalConfig, configV1, version, 1)
	return strings.Replace(text, "kind: "+configKind, "kind: "+kindName, 1)
}

// asUTF16 is a text of ASCII in UTF-16, with the mark of its byte order.
func asUTF16(text string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, c := range []byte(text) {
		b.Write([]byte{c, 0})
	}
	return b.String()
}

// nestedLists are lists in lists, n deep.
func nestedLists(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// formRows are about versions, kinds and how a document is written.
func formRows() []configRow {
	indented := func(indent string) string {
		var v any
		_ = json.Unmarshal([]byte(asJSON(minimalConfig)), &v)
		b, _ := json.MarshalIndent(v, "", indent)
		return string(b)
	}
	const config = "apiserver.config.k8s.io/"
	return []configRow{
		{name: "v1", text: minimalConfig, want: taken()},
		{name: "v1beta1", text: asVersion(config+"v1beta1", configKind), want: taken()},
		{name: "v1alpha1", text: asVersion(config+"v1alpha1", configKind), want: taken()},
		{name: "v1alpha1, all fields", text: strings.Replace(everyField, configV1, config+"v1alpha1", 1), want: taken(), with: configSetting{egress: true}},
		{name: "v1beta1, all fields", text: strings.Replace(everyField, configV1, config+"v1beta1", 1), want: taken(), with: configSetting{egress: true}},
		{name: "v1, all fields", text: everyField, want: taken(), with: configSetting{egress: true}},
		{name: "JSON, all fields", text: asJSON(everyField), want: taken(), with: configSetting{egress: true}},
		{name: "version v2", text: asVersion(config+"v2", configKind), want: noConfig(`no kind "AuthenticationConfiguration" is registered for version "apiserver.config.k8s.io/v2"`)},
		{name: "version without its group", text: asVersion("v1", configKind), want: noConfig(`no kind "AuthenticationConfiguration" is registered for version "v1"`)},
		{name: "group before v1beta1", text: asVersion("apiserver.k8s.io/v1alpha1", configKind), want: noConfig(`no kind "AuthenticationConfiguration" is registered for version "apiserver.k8s.io/v1alpha1"`)},
		{name: "group of others", text: asVersion("authentication.k8s.io/v1", configKind), want: noConfig(`no kind "AuthenticationConfiguration" is registered`)},
		{name: "group in upper case", text: asVersion("APIServer.config.k8s.io/v1", configKind), want: noConfig(`no kind "AuthenticationConfiguration" is registered`)},
		{name: "internal version", text: asVersion(config+"__internal", configKind), want: noConfig(`unknown field "jwt"`)},
		{name: "internal version, names as in Go", text: kindOnly(config+"__internal", configKind) + "JWT: []\nAnonymous: {Enabled: true}\n", want: taken()},
		{name: "version with two slashes", text: asVersion(config+"v1/v1", configKind), want: noConfig(`unexpected GroupVersion string: apiserver.config.k8s.io/v1/v1`)},
		{name: "no version", text: strings.Replace(minimalConfig, "apiVersion: "+configV1, "", 1), want: noConfig(`Object 'apiVersion' is missing`)},
		{name: "no kind", text: strings.Replace(minimalConfig, "kind: "+configKind, "", 1), want: noConfig(`Object 'Kind' is missing`)},
		{name: "version is a number", text: asVersion("1", configKind), want: noConfig(`couldn't get version/kind; json parse error`)},
		{name: "kind is null", text: asVersion(configV1, "null"), want: noConfig(`Object 'Kind' is missing`)},
		{name: "kind in lower case", text: asVersion(configV1, "authenticationconfiguration"), want: noConfig(`no kind "authenticationconfiguration" is registered`)},
		{name: "kind with a List", text: asVersion(configV1, configKind+"List"), want: noConfig(`no kind "AuthenticationConfigurationList" is registered`)},
		{name: "AuthorizationConfiguration", text: kindOnly(configV1, "AuthorizationConfiguration"), want: noConfig(`expected AuthenticationConfiguration, got *apiserver.AuthorizationConfiguration`)},
		{name: "AdmissionConfiguration", text: kindOnly(configV1, "AdmissionConfiguration"), want: noConfig(`expected AuthenticationConfiguration, got *apiserver.AdmissionConfiguration`)},
		{name: "EncryptionConfiguration", text: kindOnly(configV1, "EncryptionConfiguration"), want: noConfig(`expected AuthenticationConfiguration, got *apiserver.EncryptionConfiguration`)},
		{name: "TracingConfiguration", text: kindOnly(config+"v1alpha1", "TracingConfiguration"), want: noConfig(`expected AuthenticationConfiguration, got *apiserver.TracingConfiguration`)},
		{name: "EgressSelectorConfiguration", text: kindOnly("apiserver.k8s.io/v1beta1", "EgressSelectorConfiguration"), want: noConfig(`expected AuthenticationConfiguration, got *apiserver.EgressSelectorConfiguration`)},
		{name: "ListOptions", text: kindOnly(configV1, "ListOptions"), want: noConfig(`ListOptions`)},
		{name: "WatchEvent", text: kindOnly(configV1, "WatchEvent"), want: noConfig(`unknown field "apiVersion", unknown field "kind"`)},
		{name: "empty", text: "", want: noConfig("empty config data")},
		{name: "blanks", text: "  \n\n", want: noConfig(`Object 'Kind' is missing`)},
		{name: "a comment", text: "# to be done\n", want: noConfig(`Object 'Kind' is missing`)},
		{name: "null", text: "null", want: noConfig(`Object 'Kind' is missing`)},
		{name: "a text", text: "hello", want: noConfig(`couldn't get version/kind; json parse error`)},
		{name: "a list", text: "[]", want: noConfig(`couldn't get version/kind; json parse error`)},
		{name: "empty object", text: "{}", want: noConfig(`Object 'Kind' is missing`)},
		{name: "binary", text: "\x00\x01\x02", want: noConfig(`yaml: control characters are not allowed`)},
		{name: "the mark of protobuf", text: "k8s\x00abc", want: noConfig(`unexpected EOF`)},
		{name: "not UTF-8", text: withURL("https://issuer.example") + "# \xff\n", want: noConfig(`yaml: invalid leading UTF-8 octet`)},
		{name: "UTF-16", text: asUTF16(minimalConfig), want: taken()},
		{name: "two documents, the second junk", text: minimalConfig + "---\nhello\n", want: taken()},
		{name: "two documents, the first empty", text: "---\n---\n" + minimalConfig, want: noConfig(`Object 'Kind' is missing`)},
		{name: "document marks", text: "---\n" + minimalConfig + "...\n", want: taken()},
		{name: "a directive", text: "%YAML 1.1\n---\n" + minimalConfig, want: taken()},
		{name: "two JSON documents", text: asJSON(minimalConfig) + asJSON(minimalConfig), want: noConfig(`invalid character '{' after top-level value`)},
		{name: "JSON with text after it", text: asJSON(minimalConfig) + "x", want: noConfig(`invalid character 'x' after top-level value`)},
		{name: "JSON that is cut off", text: asJSON(minimalConfig)[:60], want: noConfig(`unexpected end of JSON input`)},
		{name: "JSON with a comma too many", text: strings.Replace(asJSON(minimalConfig), `["api"]`, `["api",]`, 1), want: noConfig(`invalid character ']'`)},
		{name: "JSON, blanks before it", text: "\n\t " + asJSON(minimalConfig), want: taken()},
		{name: "JSON with tabs", text: indented("\t"), want: taken()},
		{name: "JSON, surrogates", text: strings.Replace(asJSON(minimalConfig), `"api"`, `"\ud83d\ude00"`, 1), want: taken()},
		{name: "flow YAML that looks like JSON", text: "{apiVersion: " + configV1 + "}", want: noConfig(`couldn't get version/kind; json parse error`)},
		{name: "BOM", text: "\ufeff" + minimalConfig, want: taken()},
		{name: "BOM and JSON", text: "\ufeff" + asJSON(minimalConfig), want: taken()},
		{name: "tabs for indentation", text: document("jwt:\n\t- issuer: {}"), want: noConfig(`found character that cannot start any token`)},
		{name: "comments", text: "# a\n" + minimalConfig + "# b\n", want: taken()},
		{name: "an anchor and an alias", text: withIssuer("url: &u https://issuer.example, audiences: [*u]"), want: taken()},
		{name: "an alias of nothing", text: withIssuer("url: *u, audiences: [api]"), want: noConfig(`yaml: unknown anchor 'u' referenced`)},
		{name: "an alias of itself", text: document("jwt: &j [*j]"), want: noConfig(`yaml: anchor 'j' value contains itself`)},
		{name: "a merge key", text: withEntries(configEntry("url: https://a.example, <<: &i {audiences: [api]}", goodName), configEntry("url: https://b.example, <<: *i", goodName)), want: taken()},
		{name: "a merge key, and a field twice by it", text: withEntries(configEntry("<<: &i {url: https://a.example, audiences: [api]}, url: https://b.example", goodName)), want: noConfig(`key "url" already set in map`)},
		{name: "a tag", text: withIssuer("url: !!str https://issuer.example, audiences: [api]"), want: taken()},
		{name: "binary by a tag", text: withIssuer("url: !!binary aHR0cHM6Ly9pc3N1ZXIuZXhhbXBsZQ==, audiences: [api]"), want: taken()},
		{name: "a tag of somebody", text: withIssuer("url: !secret https://issuer.example, audiences: [api]"), want: taken()},
		{name: "a text in a block", text: document("jwt:", "- issuer:", "    url: >-", "      https://issuer.example", "    audiences: [api]", "  claimMappings: {"+goodName+"}"), want: taken()},
		{name: "alias bomb", text: aliasBomb(9, 9), want: noConfig(`yaml: document contains excessive aliasing`)},
		{name: "lists 20,000 deep", text: document("jwt: " + nestedLists(20000)), want: noConfig(`exceeded max depth`)},
		{name: "JSON 20,000 deep", text: strings.Replace(asJSON(minimalConfig), `["api"]`, nestedLists(20000), 1), want: noConfig(`exceeded max depth`)},
	}
}

func kindOnly(version, configKind string) string {
	return "apiVersion: " + version + "\nkind: " + configKind + "\n"
}

// everyField has every field.
var everyField = document(
	"jwt:",
	"- issuer:",
	"    url: https://issuer.example/path",
	"    discoveryURL: https://elsewhere.example/.well-known/openid-configuration",
	"    audiences: [api, other]",
	"    audienceMatchPolicy: MatchAny",
	"    egressSelectorType: cluster",
	"    certificateAuthority: ''",
	"  claimValidationRules:",
	"  - {claim: hd, requiredValue: example.com}",
	"  - {expression: 'claims.exp - claims.nbf <= 86400', message: a day at most}",
	"  claimMappings:",
	"    username: {expression: 'claims.sub'}",
	"    groups: {claim: groups, prefix: 'oidc:'}",
	"    uid: {claim: sub}",
	"    extra:",
	"    - {key: example.com/tenant, valueExpression: claims.tenant}",
	"  userValidationRules:",
	"  - {expression: \"!user.username.startsWith('system:')\", message: no system}",
	"anonymous:",
	"  enabled: true",
	"  conditions:",
	"  - path: /livez",
)
