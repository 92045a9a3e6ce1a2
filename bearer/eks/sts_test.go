package eks_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/bearer/eks"
)

const (
	host    = "sts.eu-west-1.amazonaws.com"
	cluster = "prod"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// key is an access key, and whose it is.
type key struct {
	id, secret, security string
	account, arn, userID string
}

var (
	bob = key{
		"AKIAIOSFODNN7EXAMPLE", exampleSecret, "",
		"111122223333", "arn:aws:iam::111122223333:user/Bob", "AIDACKCEVSQ6C2EXAMPLE",
	}
	admin = key{
		"ASIAIOSFODNN7EXAMPLE", "another/secret+key", "FwoGZXIvYXdzEBYaD+/Qm9v=Zm9vYmFyYmF6cXV4==",
		"111122223333", "arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com", "AROACKCEVSQ6C2EXAMPLE:jane@example.com",
	}
)

// sts is what AWS STS is to these tests: it is at whatever name is dialled, knows two
// keys, and checks what it is sent.
type sts struct {
	t      testing.TB
	client *http.Client

	mu       sync.Mutex
	keys     map[string]key
	now      time.Time
	handler  http.Handler // nil: as STS
	dialled  []string
	requests []*http.Request
}

func newSTS(t testing.TB) *sts {
	t.Helper()
	s := &sts{t: t, now: noon, keys: map[string]key{bob.id: bob, admin.id: admin}}
	ca := authntest.NewCA(t)
	server := httptest.NewUnstartedServer(s)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*ca.IssueServer([]string{"*.amazonaws.com", "*.eu-west-1.amazonaws.com", "*.us-east-1.amazonaws.com", "*.cn-north-1.amazonaws.com.cn", "*.eu-west-1.api.aws"})}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: ca.Roots()},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			s.mu.Lock()
			s.dialled = append(s.dialled, addr)
			s.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport}
	return s
}

// serve puts h in the place of STS; nil: STS again.
func (s *sts) serve(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handler = nil; h != nil {
		s.handler = h
	}
}

func (s *sts) at(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

func (s *sts) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// seen returns the addresses that were dialled and the requests that came.
func (s *sts) seen() ([]string, []*http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialled, s.requests
}

func (s *sts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Clone(context.Background()))
	handler, now, keys := s.handler, s.now, s.keys
	s.mu.Unlock()
	if handler != nil {
		handler.ServeHTTP(w, r)
		return
	}
	k, code, message := judge(r, keys, now)
	if code != "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"Error":{"Code":%q,"Message":%q,"Type":"Sender"},"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}`, code, message)
		return
	}
	answer(identity(k.account, k.arn, k.userID))(w, r)
}

func identity(account, arn, userID string) string {
	return fmt.Sprintf(`{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Account":%q,"Arn":%q,"UserId":%q},"ResponseMetadata":{"RequestId":"01234567-89ab-cdef-0123-456789abcdef"}}}`, account, arn, userID)
}

func answer(body string) http.HandlerFunc { return status(http.StatusOK, body) }

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// judge returns whose request r is, or the code and the message of an error.
func judge(r *http.Request, keys map[string]key, now time.Time) (k key, code, message string) {
	query := make(map[string]string)
	for name, values := range r.URL.Query() {
		query[name] = values[0]
	}
	given := query["X-Amz-Signature"]
	delete(query, "X-Amz-Signature")
	id, scope, _ := strings.Cut(query["X-Amz-Credential"], "/")
	k, ok := keys[id]
	if !ok || k.security != query["X-Amz-Security-Token"] {
		return k, "InvalidClientTokenId", "The security token included in the request is invalid."
	}
	date, err := time.Parse("20060102T150405Z", query["X-Amz-Date"])
	switch {
	case err != nil:
		return k, "IncompleteSignature", "Date must be in ISO-8601 'basic format'."
	case !now.Before(date.Add(15 * time.Minute)):
		return k, "SignatureDoesNotMatch", "Signature expired: " + query["X-Amz-Date"] + " is now earlier than another (another - 15 min.)"
	case date.After(now.Add(5 * time.Minute)):
		return k, "SignatureDoesNotMatch", "Signature not yet current: " + query["X-Amz-Date"] + " is still later than another (another + 5 min.)"
	}
	u := unsigned{method: r.Method, path: r.URL.Path, query: query, headers: make(map[string]string), payload: noPayload}
	for name := range strings.SplitSeq(query["X-Amz-SignedHeaders"], ";") {
		u.headers[name] = r.Header.Get(name)
		if name == "host" {
			u.headers[name] = r.Host
		}
	}
	if u.sign(k.secret, query["X-Amz-Date"], scope) != given {
		return k, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. The Canonical String for this request should have been '" + u.canonical() + "'"
	}
	return k, "", ""
}

// request is what a client is about to sign.
type request struct {
	key
	method, host, region, cluster string
	at                            time.Time
	expires                       string
}

// url signs in advance (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html),
// for the header with the cluster's ID too. Empty fields are as usual.
func (r request) url() string {
	at := cmp.Or(r.at, noon)
	scope := at.Format("20060102") + "/" + cmp.Or(r.region, "eu-west-1") + "/sts/aws4_request"
	query := map[string]string{
		"Action": "GetCallerIdentity", "Version": "2011-06-15",
		"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": r.id + "/" + scope,
		"X-Amz-Date": at.Format("20060102T150405Z"), "X-Amz-Expires": cmp.Or(r.expires, "60"),
	}
	if r.security != "" {
		query["X-Amz-Security-Token"] = r.security
	}
	u := unsigned{method: cmp.Or(r.method, "GET"), path: "/", query: query, payload: noPayload,
		headers: map[string]string{"host": cmp.Or(r.host, host), "x-k8s-aws-id": cmp.Or(r.cluster, cluster)}}
	query["X-Amz-SignedHeaders"] = u.signedHeaders()
	signature := u.sign(r.secret, query["X-Amz-Date"], scope)
	return "https://" + cmp.Or(r.host, host) + "/?" + escapedQuery(query) + "&X-Amz-Signature=" + signature
}

func (r request) token() string { return token(r.url()) }

func token(url string) string {
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(url))
}

// byARN is a mapper for which the user is the ARN.
var byARN = eks.MapperFunc(func(_ context.Context, id eks.Identity) (user.Info, error) {
	return &user.DefaultInfo{Name: id.CanonicalARN, Groups: []string{"aws:" + id.Account}}, nil
})

// authenticator returns an Authenticator that trusts s, whose clock it has.
func (s *sts) authenticator(edits ...func(*eks.Config, *eks.Options)) *eks.Authenticator {
	s.t.Helper()
	c := eks.Config{ClusterID: cluster, Regions: []string{"eu-west-1"}, Hosts: []string{"sts.amazonaws.com"}, Mapper: byARN}
	o := eks.Options{Client: s.client, Now: s.clock}
	for _, edit := range edits {
		edit(&c, &o)
	}
	a, err := eks.New(c, &o)
	require.NoError(s.t, err)
	return a
}

// info is a user as the tests compare them.
type info struct {
	Name, UID      string
	Groups         []string
	Extra          map[string][]string
	Expiry, Issued time.Time
}

func accepted(t testing.TB, a *eks.Authenticator, token string) info {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.NoError(t, err)
	require.True(t, ok)
	u := resp.User
	i := info{Name: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: maps.Clone(u.GetExtra())}
	i.Expiry, _ = authn.ExpiryOf(u)
	i.Issued, _ = authn.IssuedOf(u)
	return i
}

// refused returns the text of the error with which a token is not accepted, which must
// be marked as nobody else's.
func refused(t testing.TB, a *eks.Authenticator, token string, reason authn.Reason) string {
	t.Helper()
	resp, ok, err := a.AuthenticateToken(t.Context(), token)
	require.Error(t, err)
	require.False(t, ok)
	require.Nil(t, resp)
	require.Equal(t, reason, authn.ReasonOf(err), err)
	require.True(t, authn.IsMine(err))
	return err.Error()
}
