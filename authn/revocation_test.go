package authn_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

const (
	digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

	errFirst   = "a line begins with credential, certificate, user or #"
	errKind    = "a credential is called X509SHA256=…, JTI=… or, in capitals, by another kind"
	errDigest  = "a certificate is called X509SHA256= and 64 hexadecimal digits, without colons"
	errSerial  = "a serial number is up to 64 hexadecimal digits, without colons"
	errTime    = "want a time such as 2026-11-24T12:00:00Z (RFC 3339)"
	errAfter   = `after the entry want nothing but "until" and a time`
	errUser    = `after the user want nothing but "before" and a time, and then "until" and a time`
	errUnseen  = "a character that cannot be seen; put the word in quotes"
	errQuote   = "a quote inside a word; put all of the word in quotes"
	errQuotes  = "quotes that do not end, or in them a backslash that Go does not know"
	errAgainst = "something right after quotes"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestParseRevocation(t *testing.T) {
	type entry = authn.Revocation
	tests := []struct {
		line string
		want entry
		err  string // without what stands before all of them
	}{
		{line: "user jane", want: entry{User: "jane"}},
		{line: " \tuser\t jane \t", want: entry{User: "jane"}},
		{line: "user jane # left", want: entry{User: "jane"}},
		{line: "user jane#left", want: entry{User: "jane#left"}},
		{line: "user system:serviceaccount:ns:sa", want: entry{User: "system:serviceaccount:ns:sa"}},
		{line: "user Ängström", want: entry{User: "Ängström"}},
		{line: `user "Joe Bloggs"`, want: entry{User: "Joe Bloggs"}},
		{line: "user `DOMAIN\\joe b`", want: entry{User: `DOMAIN\joe b`}},
		{line: `user DOMAIN\joe`, want: entry{User: `DOMAIN\joe`}},
		{line: `user "#1"`, want: entry{User: "#1"}},
		{line: `user "a\"b\u00e9\x41"`, want: entry{User: `a"béA`}},
		{line: "user before", want: entry{User: "before"}},
		{line: "user until until 2026-11-24T12:00:00Z", want: entry{User: "until", Until: at("2026-11-24T12:00:00Z")}},
		{line: "user jane before 2026-11-24T12:00:00Z", want: entry{User: "jane", Before: at("2026-11-24T12:00:00Z")}},
		{line: "user jane before 2026-11-24T12:00:00.5+01:00", want: entry{User: "jane", Before: at("2026-11-24T11:00:00.5Z")}},
		{line: "user jane before 2026-11-24T12:00:00Z until 2026-12-24T12:00:00Z", want: entry{User: "jane", Before: at("2026-11-24T12:00:00Z"), Until: at("2026-12-24T12:00:00Z")}},
		{line: "credential JTI=b6c4", want: entry{Credential: "JTI=b6c4"}},
		{line: "credential JTI==", want: entry{Credential: "JTI=="}},
		{line: `credential "JTI=a b"`, want: entry{Credential: "JTI=a b"}},
		{line: `credential "JTI=a\nb" until 2026-11-24T12:00:00Z`, want: entry{Credential: "JTI=a\nb", Until: at("2026-11-24T12:00:00Z")}},
		{line: "credential X509SHA256=" + digest, want: entry{Credential: "X509SHA256=" + digest}},
		{line: "credential X509SHA256=" + strings.ToUpper(digest), want: entry{Credential: "X509SHA256=" + digest}},
		{line: "credential APIKEY=17", want: entry{Credential: "APIKEY=17"}},
		{line: "certificate 1f CN=ca", want: entry{Serial: "1f", Issuer: "CN=ca"}},
		{line: `certificate 001FA3 "CN=Clients, O=Example" until 2026-11-24T12:00:00Z`, want: entry{Serial: "1fa3", Issuer: "CN=Clients, O=Example", Until: at("2026-11-24T12:00:00Z")}},
		{line: "certificate 00 CN=ca", want: entry{Serial: "0", Issuer: "CN=ca"}},
		{line: "certificate 1 `O = \"Example, Inc.\", CN = a`", want: entry{Serial: "1", Issuer: `O = "Example, Inc.", CN = a`}},

		{line: "", err: "empty"},
		{line: " \t", err: "empty"},
		{line: "# user jane", err: "empty"},
		{line: `""`, err: errFirst},
		{line: `"user" jane`, err: errFirst},
		{line: `user jane "until" 2026-11-24T12:00:00Z`, err: errUser},
		{line: "jane", err: errFirst},
		{line: "User jane", err: errFirst},
		{line: "users jane", err: errFirst},
		{line: "\uFEFFuser jane", err: errUnseen},
		{line: "user jane\r", err: errUnseen},
		{line: "user", err: "want a user"},
		{line: `user ""`, err: "want a user"},
		{line: "user # jane", err: "want a user"},
		{line: "user jane joe", err: errUser},
		{line: `user jane ""`, err: errUser},
		{line: "user jane\u00a0", err: errUnseen},
		{line: "user ja\xffne", err: "not UTF-8"},
		{line: "user jane # \xff", err: "not UTF-8"},
		{line: "# \xff", err: "not UTF-8"},
		{line: "user jane\ufffd", want: entry{User: "jane\ufffd"}},
		{line: `user "ja\xffne"`, err: "the user name is not valid UTF-8 at byte 2"},
		{line: "user \"ja\xffne\"", err: "not UTF-8"},
		{line: `user "ja\nne"`, err: "the user name has the control character U+000A at byte 2"},
		{line: `user "jane`, err: errQuotes},
		{line: `user "ja\qne"`, err: errQuotes},
		{line: `user "jane"#left`, err: errAgainst},
		{line: `user "jane""joe"`, err: errAgainst},
		{line: `user ja"ne"`, err: errQuote},
		{line: `user Joe "`, err: errQuotes},
		{line: "user 'jane'", want: entry{User: "'jane'"}},
		{line: "user jane before", err: errTime},
		{line: "user jane before 2026-11-24", err: errTime},
		{line: "user jane before 2026-11-24T1:00:00Z", err: errTime},
		{line: "user jane before 2026-11-24T12:00:00,5Z", err: errTime},
		{line: "user jane before 2026-11-24T12:00:00+24:00", err: errTime},
		{line: "user jane before 2026-11-24T12:00:00.0000000001Z", err: errTime},
		{line: "user jane before 2026-11-24t12:00:00z", err: errTime},
		{line: "user jane before 2026-11-24T12:00:60Z", err: errTime},
		{line: "user jane before 2026-11-24T12:00:00", err: errTime},
		{line: "user jane before 2026-02-30T12:00:00Z", err: errTime},
		{line: "user jane before 0001-01-01T00:00:00Z", err: errTime},
		{line: "user jane before 0001-01-01T01:00:00+01:00", err: errTime},
		{line: "user jane before 2026-11-24 12:00:00Z", err: errTime},
		{line: "user jane before 2026-11-24T12:00:00Z before 2026-11-24T12:00:00Z", err: errUser},
		{line: "user jane until 2026-11-24T12:00:00Z before 2026-11-24T12:00:00Z", err: errUser},
		{line: "user jane until 2026-11-24T12:00:00Z x", err: errUser},
		{line: "user jane BEFORE 2026-11-24T12:00:00Z", err: errUser},
		{line: "credential", err: "want the id of a credential"},
		{line: "credential b6c4", err: errKind},
		{line: "credential JTI=", err: errKind},
		{line: "credential =b6c4", err: errKind},
		{line: "credential jti=b6c4", err: errKind},
		{line: "credential J-TI=b6c4", err: errKind},
		{line: `credential "JTI=\xff"`, err: "the credential's id is not UTF-8"},
		{line: "credential JTI=a b", err: errAfter},
		{line: "credential JTI=a before 2026-11-24T12:00:00Z", err: errAfter},
		{line: "credential JTI=a until", err: errTime},
		{line: "credential X509SHA256=" + digest[1:], err: errDigest},
		{line: "credential X509SHA256=" + digest + "00", err: errDigest},
		{line: "credential X509SHA256=g" + digest[1:], err: errDigest},
		{line: "credential X509SHA256=9F:86:D0:81", err: errDigest},
		{line: "credential X509SHA1=a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", err: errDigest},
		{line: "certificate", err: "want a serial number"},
		{line: "certificate 1f", err: "want the issuer"},
		{line: "certificate 1f ca", err: "the issuer: want TYPE=value"},
		{line: "certificate 1f CN=ca,", err: "the issuer: want TYPE=value"},
		{line: "certificate 1f CA=ca", err: "the issuer: an attribute type that is not known by this name; write its object identifier"},
		{line: `certificate 1f "CN=\xff"`, err: "the issuer: not UTF-8"},
		{line: "certificate 1f:a3 CN=ca", err: errSerial},
		{line: "certificate -1f CN=ca", err: errSerial},
		{line: "certificate 0x1f CN=ca", err: errSerial},
		{line: "certificate " + strings.Repeat("1", 65) + " CN=ca", err: errSerial},
		{line: "certificate 1f CN=Client CA", err: errAfter},
		{line: "certificate 1f CN=ca before 2026-11-24T12:00:00Z", err: errAfter},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			got, err := authn.ParseRevocation(tt.line)
			if tt.err != "" {
				require.EqualError(t, err, "authn: revocation: "+tt.err)
				require.Zero(t, got)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			again, err := authn.ParseRevocation(got.String())
			require.NoError(t, err, got.String())
			require.Equal(t, got, again)
		})
	}
}

// What a program makes is checked as what a line says is.
func TestAddRefuses(t *testing.T) {
	const oneOf = "want one of a credential, a serial number with an issuer, and a user"
	late := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		r    authn.Revocation
		err  string
	}{
		{"nothing", authn.Revocation{}, oneOf},
		{"times only", authn.Revocation{Until: at("2026-11-24T12:00:00Z")}, oneOf},
		{"two kinds", authn.Revocation{User: "jane", Credential: "JTI=1"}, oneOf},
		{"two other kinds", authn.Revocation{User: "jane", Issuer: "CN=ca"}, oneOf},
		{"all kinds", authn.Revocation{User: "jane", Serial: "1", Issuer: "CN=ca", Credential: "JTI=1"}, oneOf},
		{"no issuer", authn.Revocation{Serial: "1"}, "the issuer: want TYPE=value"},
		{"no serial number", authn.Revocation{Issuer: "CN=ca"}, errSerial},
		{"a credential issued before", authn.Revocation{Credential: "JTI=1", Before: at("2026-11-24T12:00:00Z")}, "only those of a user are denied by when they were issued"},
		{"a time that no line has", authn.Revocation{User: "jane", Before: late}, errTime},
		{"another", authn.Revocation{User: "jane", Until: late}, errTime},
		{"a name that is none", authn.Revocation{User: "a\x00"}, "the user name has the control character U+0000 at byte 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list authn.MemoryRevocations
			require.EqualError(t, list.Add(tt.r), "authn: revocation: "+tt.err)
			require.False(t, list.Remove(tt.r))
			require.Zero(t, list.Len())
			require.Zero(t, list.Generation())
		})
	}
}

// An error of a list says nothing of what is in it: somebody may have taken a token
// for what it is called.
func TestParseIsSilent(t *testing.T) {
	const secret = "eyJhbGciOiJub25lIn0"
	for _, line := range []string{
		secret, "user jane " + secret, "user jane before " + secret, "credential " + secret, "credential " + secret + "=",
		"credential X509SHA256=" + secret, "certificate " + secret, "certificate " + secret + " CN=ca", "certificate 1 " + secret,
		"certificate 1 " + secret + "=x", "certificate 1 CN=#" + secret, `user "` + secret, `user "` + secret + `"x`, "user \"\x00" + secret + `"`,
		"credential JTI=1 until " + secret, "credential JTI=1 " + secret,
	} {
		_, err := authn.ParseRevocation(line)
		require.Error(t, err, line)
		require.NotContains(t, err.Error(), secret)
	}
}
