// Package parity runs Kubernetes' own authenticators beside those of this project
// on the same input, and the corpora that others made over packages jose and x509.
// It is a module of its own, so that what it needs reaches nobody who uses the
// project.
//
//	go test ./...                              as CI does
//	go test -run TestTokens -seed 7 -pairs 1000000 longer, over other input; likewise TestWebhook, TestTokenFile …
//	go test -run 'Wycheproof|PKITS|BetterTLS'  the corpora alone
//	go test -run TestRatios -v -ratios         ratios to the limit, beside upstream and others
//	go test -bench . -run '^$' -count 10       the same for benchstat
package parity
