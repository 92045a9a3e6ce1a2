package parity

import (
	"strings"
	"testing"

	"github.com/authnchain/authnchain/authn/authntest"
)

const issuerURLPath = "jwt[0].issuer.url"

// issuerRows are about issuer.url.
func issuerRows() []configRow {
	two := func(a, b string) string {
		return withEntries(configEntry("url: "+a+", "+goodTo, goodName), configEntry("url: "+b+", "+goodTo, goodName))
	}
	accounts := configSetting{accountIssuers: []string{"https://kubernetes.default.svc", "https://issuer.example"}}
	return []configRow{
		{name: "url is missing", text: withIssuer(goodTo), want: badFields(issuerURLPath).because("Required value")},
		{name: "url is empty", text: withURL(""), want: badFields(issuerURLPath).because("Required value")},
		{name: "url is blank", text: withURL(" "), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "http", text: withURL("http://issuer.example"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "http on loopback", text: withURL("http://127.0.0.1:8080"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "HTTPS", text: withURL("HTTPS://issuer.example"), want: taken()},
		{name: "no scheme", text: withURL("issuer.example"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "no scheme but slashes", text: withURL("//issuer.example"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "google without scheme", text: withURL("accounts.google.com"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "google", text: withURL("https://accounts.google.com"), want: taken()},
		{name: "file", text: withURL("file:///etc/passwd"), want: badFields(issuerURLPath).because("URL scheme must be https")},
		{name: "user", text: withURL("https://user@issuer.example"), want: badFields(issuerURLPath).because("must not contain a username or password")},
		{name: "user and password", text: withURL("https://user:secret@issuer.example"), want: badFields(issuerURLPath).because("must not contain a username or password")},
		{name: "empty user", text: withURL("https://@issuer.example"), want: badFields(issuerURLPath).because("must not contain a username or password")},
		{name: "query", text: withURL("https://issuer.example?a=b"), want: badFields(issuerURLPath).because("must not contain a query")},
		{name: "empty query", text: withURL("https://issuer.example?"), want: taken()},
		{name: "empty query and fragment", text: withURL("https://issuer.example?#"), want: taken()},
		{name: "fragment", text: withURL("https://issuer.example#a"), want: badFields(issuerURLPath).because("must not contain a fragment")},
		{name: "empty fragment", text: withURL("https://issuer.example#"), want: taken()},
		{name: "all at once", text: withURL("http://u:p@issuer.example?a#b"), want: badFields(issuerURLPath, issuerURLPath, issuerURLPath, issuerURLPath)},
		{name: "no host", text: withURL("https://"), want: taken()},
		{name: "no host but a path", text: withURL("https:///path"), want: taken()},
		{name: "no host but a port", text: withURL("https://:443"), want: taken()},
		{name: "no slashes", text: withURL("https:issuer.example"), want: taken()},
		{name: "not a URL", text: withURL("https://issuer.example/%zz"), want: badFields(issuerURLPath).because("invalid URL escape")},
		{name: "a blank in the host", text: withURL("https://issuer .example"), want: badFields(issuerURLPath).because("invalid character")},
		{name: "a line feed", text: withURL("https://issuer.example/\n"), want: badFields(issuerURLPath).because("invalid control character in URL")},
		{name: "a blank in the path", text: withURL("https://issuer.example/a b"), want: taken()},
		{name: "trailing slash", text: withURL("https://issuer.example/"), want: taken()},
		{name: "trailing slashes", text: withURL("https://issuer.example//"), want: taken()},
		{name: "dots in the path", text: withURL("https://issuer.example/a/../b"), want: taken()},
		{name: "escaped path", text: withURL("https://issuer.example/%2e%2e"), want: taken()},
		{name: "upper-case host", text: withURL("https://ISSUER.example"), want: taken()},
		{name: "port", text: withURL("https://issuer.example:8443"), want: taken()},
		{name: "empty port", text: withURL("https://issuer.example:"), want: taken()},
		{name: "port of letters", text: withURL("https://issuer.example:https"), want: badFields(issuerURLPath).because("invalid port")},
		{name: "port that cannot be", text: withURL("https://issuer.example:99999"), want: taken()},
		{name: "IPv4", text: withURL("https://192.0.2.1/a"), want: taken()},
		{name: "IPv6", text: withURL("https://[2001:db8::1]:8443"), want: taken()},
		{name: "IPv6 with a zone", text: withURL("https://[fe80::1%25eth0]"), want: taken()},
		{name: "IPv6 without brackets", text: withURL("https://2001:db8::1"), want: badFields(issuerURLPath).because("invalid port")},
		{name: "IPv6 that is not closed", text: withURL("https://[2001:db8::1"), want: badFields(issuerURLPath).because("missing ']' in host")},
		{name: "non-ASCII host", text: withURL("https://bücher.example"), want: taken()},
		{name: "non-ASCII path", text: withURL("https://issuer.example/größe"), want: taken()},
		{name: "url of 64 kB", text: withURL("https://issuer.example/" + strings.Repeat("a", 64<<10)), want: taken()},
		{name: "the same url twice", text: two("https://a.example", "https://a.example"), want: badFields("jwt[1].issuer.url").because("Duplicate value")},
		{name: "the same url three times", text: withEntries(configEntries(0, 1)[0], configEntries(0, 1)[0], configEntries(0, 1)[0]), want: badFields("jwt[1].issuer.url", "jwt[2].issuer.url")},
		{name: "two empty urls", text: two("''", "''"), want: badFields("jwt[0].issuer.url", "jwt[1].issuer.url", "jwt[1].issuer.url")},
		{name: "urls that differ in a slash", text: two("https://a.example", "https://a.example/"), want: taken()},
		{name: "urls that differ in case", text: two("https://a.example", "https://A.example"), want: taken()},
		{name: "a service account issuer", text: minimalConfig, with: accounts, want: badFields(issuerURLPath).because("URL must not overlap with disallowed issuers: [https://issuer.example https://kubernetes.default.svc]")},
		{name: "a service account issuer but for a slash", text: withURL("https://issuer.example/"), with: accounts, want: taken()},
		{name: "another than the service account issuers", text: withURL("https://b.example"), with: accounts, want: taken()},
	}
}

// discoveryRows are about issuer.discoveryURL.
func discoveryRows() []configRow {
	const path = "jwt[0].issuer.discoveryURL"
	two := func(a, b string) string {
		return withEntries(
			configEntry("url: https://a.example, "+goodTo+", discoveryURL: "+a, goodName),
			configEntry("url: https://b.example, "+goodTo+", discoveryURL: "+b, goodName))
	}
	return []configRow{
		{name: "discovery", text: withDiscovery("https://d.example/.well-known/openid-configuration"), want: taken()},
		{name: "discovery, empty", text: withDiscovery(""), want: taken()},
		{name: "discovery, http", text: withDiscovery("http://d.example"), want: badFields(path).because("URL scheme must be https")},
		{name: "discovery, HTTPS", text: withDiscovery("HTTPS://d.example"), want: taken()},
		{name: "discovery, user", text: withDiscovery("https://u:p@d.example"), want: badFields(path).because("must not contain a username or password")},
		{name: "discovery, query", text: withDiscovery("https://d.example?a=b"), want: badFields(path).because("must not contain a query")},
		{name: "discovery, empty query", text: withDiscovery("https://d.example?"), want: taken()},
		{name: "discovery, fragment", text: withDiscovery("https://d.example#a"), want: badFields(path).because("must not contain a fragment")},
		{name: "discovery, no host", text: withDiscovery("https://"), want: taken()},
		{name: "discovery, no slashes", text: withDiscovery("https:d.example"), want: taken()},
		{name: "discovery, not a URL", text: withDiscovery("https://d.example/%zz"), want: badFields(path).because("invalid URL escape")},
		{name: "discovery, no scheme", text: withDiscovery("d.example"), want: badFields(path).because("URL scheme must be https")},
		{name: "discovery, IPv6", text: withDiscovery("https://[2001:db8::1]/a"), want: taken()},
		{name: "discovery, non-ASCII", text: withDiscovery("https://bücher.example/größe"), want: taken()},
		{name: "discovery, the url", text: withDiscovery("https://issuer.example"), want: badFields(path).because("discoveryURL must be different from URL")},
		{name: "discovery, the url but for slashes", text: withDiscovery("https://issuer.example//"), want: badFields(path).because("discoveryURL must be different from URL")},
		{name: "discovery, the url but for its case", text: withDiscovery("https://ISSUER.example"), want: taken()},
		{name: "discovery, under the url", text: withDiscovery("https://issuer.example/.well-known/openid-configuration"), want: taken()},
		{name: "discovery without a url", text: withIssuer(goodTo + ", discoveryURL: https://d.example"), want: badFields(issuerURLPath)},
		{name: "discovery, the url, and http", text: withIssuer("url: http://a, " + goodTo + ", discoveryURL: http://a/"), want: badFields(issuerURLPath, path, path)},
		{name: "discovery, twice the same", text: two("https://d.example", "https://d.example"), want: badFields("jwt[1].issuer.discoveryURL").because("Duplicate value")},
		{name: "discovery, same but for a slash", text: two("https://d.example", "https://d.example/"), want: taken()},
		{name: "discovery, the other's url", text: two("https://b.example", "https://a.example"), want: taken()},
		{name: "discovery, none twice", text: two("''", "''"), want: taken()},
		{name: "discovery, a service account issuer", text: withDiscovery("https://k.example"), with: configSetting{accountIssuers: []string{"https://k.example"}}, want: taken()},
	}
}

// authorityRows are about issuer.certificateAuthority.
func authorityRows(t *testing.T) []configRow {
	const path = "jwt[0].issuer.certificateAuthority"
	const none = "data does not contain any valid RSA or ECDSA certificates"
	ca, other := authntest.NewCA(t), authntest.NewCA(t)
	leaf := ca.Issue("jane", nil)
	one, two := string(ca.PEM()), string(ca.PEM())+string(other.PEM())
	key := string(authntest.KeyPEM(t, leaf))
	return []configRow{
		{name: "authority", text: withAuthority(one), want: taken()},
		{name: "authorities, two", text: withAuthority(two), want: taken()},
		{name: "authority, twice the same", text: withAuthority(one + one), want: taken()},
		{name: "authority, text around", text: withAuthority("Subject: CN=a\n" + one + "# the other\n" + string(other.PEM()) + "# end\n"), want: taken()},
		{name: "authority, carriage returns", text: withAuthority(strings.ReplaceAll(one, "\n", "\r\n")), want: taken()},
		{name: "authority, a leaf", text: withAuthority(string(authntest.CertificatePEM(leaf))), want: taken()},
		{name: "authority, empty", text: withAuthority(""), want: taken()},
		{name: "authority, blank", text: withAuthority(" \n"), want: badFields(path).because(none)},
		{name: "authority, a file name", text: withAuthority("/etc/ca.pem"), want: badFields(path).because(none)},
		{name: "authority, base64 alone", text: withAuthority(strings.Join(strings.Split(one, "\n")[1:3], "\n")), want: badFields(path).because(none)},
		{name: "authority, cut off", text: withAuthority(one[:len(one)/2]), want: badFields(path).because(none)},
		{name: "authorities, the second cut off", text: withAuthority(two[:len(two)-60]), want: taken()},
		{name: "authorities, the first cut off", text: withAuthority(one[:len(one)-60] + "\n" + string(other.PEM())), want: taken()},
		{name: "authority, a key before it", text: withAuthority(key + one), want: taken()},
		{name: "authority, a key after it", text: withAuthority(one + key), want: taken()},
		{name: "authority, a key alone", text: withAuthority(key), want: badFields(path).because(none)},
		{name: "authority, text after it", text: withAuthority(one + "junk"), want: taken()},
		{name: "authority, junk in it", text: withAuthority("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), want: badFields(path).because("x509: malformed certificate")},
		{name: "authorities, the second junk", text: withAuthority(one + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), want: badFields(path).because("x509: malformed certificate")},
		{name: "authority, trusted certificate", text: withAuthority(strings.ReplaceAll(one, " CERTIFICATE", " TRUSTED CERTIFICATE")), want: badFields(path).because(none)},
		{name: "authorities, one with headers", text: withAuthority(strings.Replace(one, "-----\n", "-----\nA: b\n\n", 1) + string(other.PEM())), want: taken()},
	}
}
