// Asks the emulated AWS who it is and which buckets there are, with the credentials that the SDK's default chain finds:
// one line of JSON at once, and one more for each line of stdin.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

type answer struct {
	Arn     string   `json:"arn"`
	Buckets []string `json:"buckets"`
	Key     string   `json:"key"`
}

func main() {
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fail(err)
	}
	url := os.Getenv("EMULATOR")
	stsClient := sts.NewFromConfig(settings, func(options *sts.Options) {
		options.EndpointResolver = sts.EndpointResolverFromURL(url)
	})
	s3Client := s3.NewFromConfig(settings, func(options *s3.Options) {
		options.EndpointResolver = s3.EndpointResolverFromURL(url)
		options.UsePathStyle = true
	})
	ask := func() {
		identity, err := stsClient.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			fail(err)
		}
		list, err := s3Client.ListBuckets(ctx, &s3.ListBucketsInput{})
		if err != nil {
			fail(err)
		}
		credentials, err := settings.Credentials.Retrieve(ctx)
		if err != nil {
			fail(err)
		}
		names := []string{}
		for _, bucket := range list.Buckets {
			names = append(names, aws.ToString(bucket.Name))
		}
		line, err := json.Marshal(answer{aws.ToString(identity.Arn), names, credentials.AccessKeyID})
		if err != nil {
			fail(err)
		}
		fmt.Println(string(line))
	}
	ask()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		ask()
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
