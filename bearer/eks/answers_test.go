package eks_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/bearer/eks"
)

const get = "eks: STS: GET https://" + host + "/?…: "

func jsonError(code, message string) string {
	return `{"Error":{"Code":"` + code + `","Message":"` + message + `","Type":"Sender"},"RequestId":"r"}`
}

func xmlError(code, message string) string {
	return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>` + code + `</Code>
    <Message>` + message + `</Message>
  </Error>
  <RequestId>r</RequestId>
</ErrorResponse>
`
}

// Only what STS itself says of a token refuses it.
func TestAnswers(t *testing.T) {
	const (
		notOurs = "eks: STS: status 403, and no error of STS's"
		nobody  = "eks: STS knows the sender as nobody that can be a user: "
		arn     = "arn:aws:iam::111122223333:user/Bob"
	)
	result := func(members string) string {
		return `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{` + members + `}}}`
	}
	tests := []struct {
		name   string
		h      http.HandlerFunc
		reason authn.Reason
		err    string
	}{
		{"signature", status(403, jsonError("SignatureDoesNotMatch", "…")), authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		{"signature, in XML", status(403, xmlError("SignatureDoesNotMatch", "…")), authn.BadSignature, "eks: STS says: SignatureDoesNotMatch"},
		{"expired, in XML", status(403, xmlError("SignatureDoesNotMatch", "Signature expired: 20261124T120000Z is now earlier than …")), authn.Expired, "eks: STS says: SignatureDoesNotMatch, since it has expired"},
		{"session has ended", status(403, jsonError("ExpiredToken", "The security token included in the request is expired")), authn.Expired, "eks: STS says: ExpiredToken"},
		{"key", status(403, jsonError("InvalidClientTokenId", "…")), authn.UnknownKey, "eks: STS says: InvalidClientTokenId"},
		{"no token", status(403, jsonError("MissingAuthenticationToken", "…")), authn.Malformed, "eks: STS says: MissingAuthenticationToken"},
		{"access denied", status(403, jsonError("AccessDenied", "…")), authn.Refused, `eks: STS says: "AccessDenied"`},
		{"signature, with 400", status(400, jsonError("IncompleteSignature", "…")), authn.Malformed, "eks: STS says: IncompleteSignature"},
		{"expired, with 400", status(400, xmlError("RequestExpired", "…")), authn.Expired, "eks: STS says: RequestExpired"},
		{"throttled", status(400, jsonError("Throttling", "Rate exceeded")), authn.Unavailable, "eks: STS: status 400, throttled"},
		{"throttled, by its new name", status(400, jsonError("ThrottlingException", "Rate exceeded")), authn.Unavailable, "eks: STS: status 400, throttled"},
		{"another error with 400", status(400, jsonError("ValidationError", "…")), authn.Unavailable, `eks: STS: status 400: "ValidationError"`},
		{"access denied with 400", status(400, jsonError("AccessDeniedException", "…")), authn.Unavailable, `eks: STS: status 400: "AccessDeniedException"`},
		{"throttled with 403", status(403, jsonError("Throttling", "Rate exceeded")), authn.Unavailable, "eks: STS: status 403, throttled"},
		{"a proxy's page", status(403, "<html><body>Forbidden</body></html>"), authn.Unavailable, notOurs},
		{"403 and nothing", status(403, ""), authn.Unavailable, notOurs},
		{"403 and JSON", status(403, `{"message":"Forbidden"}`), authn.Unavailable, notOurs},
		{"403 and a code that is none", status(403, jsonError("no <code>", "")), authn.Unavailable, notOurs},
		{"403 and a code that is a number", status(403, `{"Error":{"Code":7}}`), authn.Unavailable, notOurs},
		{"403 and two codes", status(403, `{"Error":{"Code":"Throttling","Code":"ExpiredToken"}}`), authn.Unavailable, notOurs},
		{"403 and XML that ends", status(403, xmlError("ExpiredToken", "")[:100]), authn.Unavailable, notOurs},
		{"403 and an identity", status(403, identity("111122223333", arn, "AIDA")), authn.Unavailable, notOurs},
		{"400", status(400, ""), authn.Unavailable, "eks: STS: status 400, and no error of STS's"},
		{"401", status(401, jsonError("SignatureDoesNotMatch", "")), authn.Unavailable, get + "status 401"},
		{"404", status(404, ""), authn.Unavailable, get + "status 404"},
		{"500", status(500, jsonError("InternalFailure", "")), authn.Unavailable, get + "status 500"},
		{"503", status(503, ""), authn.Unavailable, get + "status 503"},
		{"204", status(204, ""), authn.Unavailable, get + "status 204"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://sts.amazonaws.com/?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
		}, authn.Unavailable, get + "status 307"},
		{"nothing", answer(""), authn.Unavailable, "eks: STS: the answer: not a JSON object"},
		{"XML", answer("<GetCallerIdentityResponse/>"), authn.Unavailable, "eks: STS: the answer: not a JSON object"},
		{"cut off", answer(identity("111122223333", arn, "AIDA")[:60]), authn.Unavailable, "eks: STS: the answer: offset 60: the text ends too early"},
		{"another answer", answer(`{}`), authn.Unavailable, "eks: STS: the answer: GetCallerIdentityResponse: not an object"},
		{"another result", answer(`{"GetCallerIdentityResponse":{}}`), authn.Unavailable, "eks: STS: the answer: GetCallerIdentityResult: not an object"},
		{"another case", answer(strings.ToLower(identity("111122223333", arn, "AIDA"))), authn.Unavailable, "eks: STS: the answer: GetCallerIdentityResponse: not an object"},
		{"two ARNs", answer(result(`"Account":"111122223333","Arn":"` + arn + `","Arn":"` + arn + `","UserId":"AIDA"`)), authn.Unavailable, `eks: STS: the answer: offset 130: duplicate member "Arn"`},
		{"too much", answer(strings.Repeat(" ", 1<<20) + "{}"), authn.Unavailable, get + "the answer has more than 1048576 bytes"},
		{"no account", answer(identity("", arn, "AIDA")), authn.InvalidUser, nobody + "the Arn: of another account than Account"},
		{"another account", answer(identity("444455556666", arn, "AIDA")), authn.InvalidUser, nobody + "the Arn: of another account than Account"},
		{"no ARN", answer(identity("111122223333", "", "AIDA")), authn.InvalidUser, nobody + "the Arn: not an ARN: want arn:partition:service:region:account:resource"},
		{"a bucket", answer(identity("111122223333", "arn:aws:s3:::bucket", "AIDA")), authn.InvalidUser, nobody + "the Arn: the ARN's account has not twelve digits"},
		{"a group", answer(identity("111122223333", "arn:aws:iam::111122223333:group/Admins", "AIDA")), authn.InvalidUser, nobody + "the Arn: not the ARN of a role, a user, an account's root, a federated user or a role's session"},
		{"a role without a session", answer(identity("111122223333", "arn:aws:iam::111122223333:role/Admin", "AROA")), authn.InvalidUser, nobody + "the Arn: a role, and not a session of it"},
		{"another session", answer(identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Admin/jane", "AROACKCEVSQ6C2EXAMPLE:joe")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"no session", answer(identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Admin/jane", "AROACKCEVSQ6C2EXAMPLE")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"no id", answer(identity("111122223333", arn, "")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"a short id", answer(identity("111122223333", arn, "AIDA")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"the id of a root", answer(identity("111122223333", arn, "111122223333")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"a root with another's id", answer(identity("111122223333", "arn:aws:iam::111122223333:root", "AIDACKCEVSQ6C2EXAMPLE")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"a federated user with another's id", answer(identity("111122223333", "arn:aws:sts::111122223333:federated-user/Bob", "111122223333:Ann")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"no id of a role", answer(identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Admin/jane", ":jane")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
		{"an id with a line feed", answer(identity("111122223333", arn, "AI\nDA")), authn.InvalidUser, nobody + "the UserId: not that of whom Arn names"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSTS(t)
			s.serve(tt.h)
			require.Equal(t, tt.err, refused(t, s.authenticator(), request{key: bob}.token(), tt.reason))
			_, requests := s.seen()
			require.Len(t, requests, 1, "asked once, and of nobody else")
		})
	}
}

func TestMissingMembers(t *testing.T) {
	for _, name := range []string{"Account", "Arn", "UserId"} {
		s := newSTS(t)
		s.serve(answer(strings.Replace(identity("111122223333", "arn:aws:iam::111122223333:user/Bob", "AIDA"), `"`+name+`"`, `"Other"`, 1)))
		require.Equal(t, "eks: STS: the answer: "+name+": missing", refused(t, s.authenticator(), request{key: bob}.token(), authn.Unavailable))
	}
}

func TestRetryAfter(t *testing.T) {
	s := newSTS(t)
	s.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, _, err := s.authenticator().AuthenticateToken(t.Context(), request{key: bob}.token())
	var e *authn.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, 7*time.Second, e.RetryAfter)
}

// One that hangs is given up, and no more than so many are asked at once.
func TestBounds(t *testing.T) {
	s := newSTS(t)
	asked, end := make(chan struct{}, 2), make(chan struct{})
	s.serve(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-end // also after the client has gone, lest the answer race with that
	})
	t.Cleanup(func() { close(end) })
	a := s.authenticator(func(_ *eks.Config, o *eks.Options) { o.MaxInFlight = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, _, err := a.AuthenticateToken(ctx, request{key: bob}.token())
		done <- err
	}()
	<-asked
	_, _, err := a.AuthenticateToken(t.Context(), request{key: admin}.token())
	require.EqualError(t, err, "eks: STS: 1 questions are under way already")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.Equal(t, time.Second, authn.RetryAfterOf(err))
	cancel()
	err = <-done
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, a.HealthCheck(), "who leaves, or does not get in, says nothing of STS")

	short := s.authenticator(func(_ *eks.Config, o *eks.Options) { o.Timeout = time.Millisecond })
	_, _, err = short.AuthenticateToken(t.Context(), request{key: bob}.token())
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// All kinds that STS tells.
func TestKinds(t *testing.T) {
	const user, role = "AIDACKCEVSQ6C2EXAMPLE", "AROACKCEVSQ6C2EXAMPLE"
	tests := []struct{ arn, userID, name, uid string }{
		{"arn:aws:iam::111122223333:user/division/Bob", user, "arn:aws:iam::111122223333:user/division/Bob", user},
		{"arn:aws:iam::111122223333:root", "111122223333", "arn:aws:iam::111122223333:root", "111122223333"},
		{"arn:aws:sts::111122223333:federated-user/Bob", "111122223333:Bob", "arn:aws:sts::111122223333:federated-user/Bob", "111122223333:Bob"},
		{"arn:aws-us-gov:sts::111122223333:assumed-role/Admin/jane", role + ":jane", "arn:aws-us-gov:iam::111122223333:role/Admin", role},
	}
	for _, tt := range tests {
		s := newSTS(t)
		s.serve(answer(identity("111122223333", tt.arn, tt.userID)))
		got := accepted(t, s.authenticator(), request{key: bob}.token())
		require.Equal(t, tt.name, got.Name)
		require.Equal(t, "aws-iam-authenticator:111122223333:"+tt.uid, got.UID)
		require.Equal(t, []string{tt.arn}, got.Extra["arn"])
	}
}

// HealthCheck tells how the last question went; that a token is refused is an answer.
func TestHealthOfSTS(t *testing.T) {
	s := newSTS(t)
	a := s.authenticator()
	good := request{key: bob}.token()
	accept := func() {
		_, ok, err := a.AuthenticateToken(t.Context(), good)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, a.HealthCheck())
	}
	accept()
	s.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	refused(t, a, good, authn.Unavailable)
	require.EqualError(t, a.HealthCheck(), "eks: not answered since "+noon.UTC().Format(time.RFC3339)+": STS: GET https://sts.eu-west-1.amazonaws.com/?…: status 502")
	s.serve(nil)
	refused(t, a, request{key: bob, cluster: "another"}.token(), authn.BadSignature)
	require.NoError(t, a.HealthCheck())
	accept()
}
